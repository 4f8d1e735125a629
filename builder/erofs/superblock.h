// Writes the first block of an image.
#ifndef SLIPWAY_BUILDER_EROFS_SUPERBLOCK_H_
#define SLIPWAY_BUILDER_EROFS_SUPERBLOCK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.h"
#include "images/version/manifest.h"

namespace builder {

struct SuperblockFacts {
  images::Codec codec;
  std::string label;
  int64_t time_seconds = 0;
  uint64_t inodes = 0;
  uint32_t blocks = 0;
  uint32_t metadata_block = 0;
  uint32_t xattr_block = 0;  // 0: there is none
  uint16_t root_nid = 0;
  uint64_t packed_nid = 0;
  base::Sha256 content;  // the UUID is its first bytes
};

// One block, its checksum set.
std::vector<uint8_t> MakeSuperblock(const SuperblockFacts& facts);

// What the checksum of this first block should be, whatever it is.
uint32_t SuperblockChecksum(std::vector<uint8_t> block);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_SUPERBLOCK_H_
