// Whether an image's metadata is what our writer writes (docs/formats/erofs.md), before upstream's
// reader believes any of it: every number is inside what it points into, every index and directory
// has the bytes that we would write for it, nothing stands in two places, and nothing is left over.
#ifndef SLIPWAY_BUILDER_EROFS_CHECK_METADATA_H_
#define SLIPWAY_BUILDER_EROFS_CHECK_METADATA_H_

#include <cstdint>
#include <functional>
#include <string>

#include "base/file.h"

namespace builder {

// From the superblock, checked against the image's size.
struct MetadataFacts {
  uint32_t metadata_block = 0;
  uint32_t xattr_block = 0;  // 0: no attribute is shared
  uint64_t root_nid = 0;
  uint64_t packed_nid = 0;  // 0: there is no packed inode
  uint64_t inodes = 0;      // without the packed one
  uint8_t algorithm = 0;
};

// `metadata`: all blocks from facts.metadata_block on. Takes time and memory in proportion to them.
// Throws Error{kVerification} that names the image and the inode.
// `next_step` is called before each inode and directory, for whoever limits their time.
void CheckMetadata(base::Bytes metadata, const MetadataFacts& facts, const std::string& image_path,
                   const std::function<void()>& next_step);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_CHECK_METADATA_H_
