// Inodes, directories and indexes as bytes. Compute the layout, then write; the sizes of both are
// compared.
#ifndef SLIPWAY_BUILDER_METADATA_H_
#define SLIPWAY_BUILDER_METADATA_H_

#include <cstdint>
#include <vector>

#include "builder/inode.h"

namespace builder {

struct Metadata {
  std::vector<uint8_t> bytes;  // a multiple of the block size
  uint16_t root_nid = 0;
  uint64_t packed_nid = 0;  // 0: there is no packed inode
};

// `inodes`: the root first; the packed inode, where there is one, last. `first_block`: where the
// bytes will stand.
Metadata SerializeMetadata(std::vector<Inode>& inodes, uint32_t first_block);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_METADATA_H_
