// Turns inodes, directories, indexes and extended attributes into bytes. Computes the layout first,
// then writes, and compares the sizes of the two.
#ifndef SLIPWAY_BUILDER_EROFS_METADATA_H_
#define SLIPWAY_BUILDER_EROFS_METADATA_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "builder/erofs/inode.h"

namespace builder {

struct Metadata {
  uint16_t root_nid = 0;
  uint64_t packed_nid = 0;   // 0: there is no packed inode
  uint32_t xattr_block = 0;  // of the image; 0: no attribute is shared
};

// `inodes`: the root first. `first_block`: where the bytes will stand. `time_seconds`: the
// superblock's, which inodes without one of their own have. Sets the inodes' offsets. `write` gets
// the bytes piece by piece, in order, each a multiple of the block size: all of them would be the
// largest thing in memory.
using WriteBlocks = std::function<void(std::span<const uint8_t> blocks)>;
Metadata SerializeMetadata(std::vector<Inode>& inodes, uint32_t first_block, int64_t time_seconds,
                           const WriteBlocks& write);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_METADATA_H_
