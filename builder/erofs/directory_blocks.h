// Writes and reads a directory's content: blocks of entries with their names.
#ifndef SLIPWAY_BUILDER_EROFS_DIRECTORY_BLOCKS_H_
#define SLIPWAY_BUILDER_EROFS_DIRECTORY_BLOCKS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "builder/erofs/erofs_format.h"

namespace builder {

struct DirectoryItem {
  std::string_view name;
  uint64_t nid = 0;
  erofs::FileType type = erofs::kRegular;
};

// `items` in any order, "." and ".." among them. The length depends on the names alone.
std::vector<uint8_t> DirectoryBlocks(std::vector<DirectoryItem> items);

// The items of `content`, which their names point into, sorted. nullopt where DirectoryBlocks()
// writes other bytes for them, and where two have the same name.
std::optional<std::vector<DirectoryItem>> ReadDirectory(base::Bytes content);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_DIRECTORY_BLOCKS_H_
