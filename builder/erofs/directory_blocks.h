// Writes a directory's content: blocks of entries with their names.
#ifndef SLIPWAY_BUILDER_EROFS_DIRECTORY_BLOCKS_H_
#define SLIPWAY_BUILDER_EROFS_DIRECTORY_BLOCKS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "builder/erofs/erofs_format.h"

namespace builder {

struct DirectoryItem {
  std::string_view name;
  uint64_t nid = 0;
  erofs::FileType type = erofs::kRegular;
};

// `items` in any order, "." and ".." among them. The length depends on the names alone.
std::vector<uint8_t> DirectoryBlocks(std::vector<DirectoryItem> items);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_DIRECTORY_BLOCKS_H_
