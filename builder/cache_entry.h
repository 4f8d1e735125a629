// A file of the chunk cache: one chunk, with all that is needed to tell whether it is whole.
// Integers are little-endian, 4 bytes.
//
//   8 bytes         "SLIPCHK2"
//   32              the entry's key
//   32              SHA-256 of the chunk's blocks
//   4               number of extents; of each: content, first block, blocks, raw (0 or 1)
//   ...             the blocks
//   16, the last    the cache's keyed hash of all before: a fifth of the time that SHA-256 takes
#ifndef SLIPWAY_BUILDER_CACHE_ENTRY_H_
#define SLIPWAY_BUILDER_CACHE_ENTRY_H_

#include <optional>
#include <string>

#include "base/digest.h"
#include "base/file.h"
#include "base/keyed_hash.h"
#include "builder/compressor.h"

namespace builder {

std::string SerializeCacheEntry(const base::Sha256& key, const StoredChunk& chunk,
                                const base::KeyedHash& hash);

// nullopt where `entry` is not, byte for byte, what was serialized for `key`.
std::optional<StoredChunk> ParseCacheEntry(const base::Sha256& key, base::Bytes entry,
                                           const base::KeyedHash& hash);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_CACHE_ENTRY_H_
