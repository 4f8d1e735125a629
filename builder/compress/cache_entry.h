// The formats of the chunk cache's files, which reveal any damage: an entry holds one chunk, and
// one file lists the chunks of segments. Integers are little-endian, 4 bytes.
//
//   8 bytes         "SLIPCHK2"
//   32              the entry's key
//   32              SHA-256 of the chunk's blocks
//   4               number of extents; of each: content, first block, blocks, raw (0 or 1)
//   ...             the blocks
//   16, the last    the cache's keyed hash of all before: a fifth of the time that SHA-256 takes
//
//   8 bytes         "SLIPSEG1"
//                   of each segment:
//   32              its key
//   16              the cache's keyed hash of its content
//   4, 4, 4         its length; whether it ends its file (0 or 1); number of chunks
//   32 each         their keys
//   16, the last    as above
#ifndef SLIPWAY_BUILDER_COMPRESS_CACHE_ENTRY_H_
#define SLIPWAY_BUILDER_COMPRESS_CACHE_ENTRY_H_

#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "base/keyed_hash.h"
#include "builder/compress/stored_chunk.h"

namespace builder {

// A segment of an earlier build.
struct KnownSegment {
  base::Sha256 key;
  base::KeyedHash::Value content{};
  uint32_t size_bytes = 0;
  bool ends_file = false;
  std::vector<base::Sha256> chunks;  // their keys
};

std::string SerializeCacheEntry(const base::Sha256& key, const StoredChunk& chunk,
                                const base::KeyedHash& hash);

// nullopt where `entry` is not, byte for byte, what was serialized for `key`.
std::optional<StoredChunk> ParseCacheEntry(const base::Sha256& key, base::Bytes entry,
                                           const base::KeyedHash& hash);

// Those that come first, up to `limit_bytes`.
std::string SerializeSegments(const std::vector<KnownSegment>& segments, size_t limit_bytes,
                              const base::KeyedHash& hash);
// None where `file` is not, byte for byte, what was serialized.
std::vector<KnownSegment> ParseSegments(base::Bytes file, const base::KeyedHash& hash);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_COMPRESS_CACHE_ENTRY_H_
