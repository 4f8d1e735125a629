// An inode as an image has it.
#ifndef SLIPWAY_BUILDER_EROFS_STORED_INODE_H_
#define SLIPWAY_BUILDER_EROFS_STORED_INODE_H_

#include <cstdint>
#include <optional>

#include "base/file.h"
#include "builder/erofs/erofs_format.h"

namespace builder {

struct StoredInode {
  erofs::DataLayout layout = erofs::DataLayout::kFlat;
  uint32_t mode = 0;
  uint32_t links = 0;
  uint32_t data = 0;  // as erofs::CompactInode has it
  uint32_t inode_number = 0;
  uint64_t size_bytes = 0;
  uint64_t own_bytes = 0;    // of the inode itself
  uint64_t xattr_bytes = 0;  // of what follows it

  uint64_t head_bytes() const { return own_bytes + xattr_bytes; }
  bool is_compressed() const {
    return layout == erofs::DataLayout::kCompressedFull ||
           layout == erofs::DataLayout::kCompressedCompact;
  }
};

// The one at the front of `bytes`, which may end behind them. nullopt where the inode itself does,
// and where a field says what our writer never says.
std::optional<StoredInode> ReadInode(base::Bytes bytes);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_STORED_INODE_H_
