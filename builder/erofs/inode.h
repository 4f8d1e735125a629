// The inodes of an image while it is written: the tree's nodes in the order of the image, with the
// places of their data.
#ifndef SLIPWAY_BUILDER_EROFS_INODE_H_
#define SLIPWAY_BUILDER_EROFS_INODE_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "builder/erofs/extent_index.h"
#include "builder/tree/tree.h"

namespace builder {

struct Inode {
  static constexpr uint32_t kNoParent = std::numeric_limits<uint32_t>::max();
  static constexpr uint64_t kNotPacked = std::numeric_limits<uint64_t>::max();

  const Node* node = nullptr;
  uint32_t names = 0;                 // of a directory: 1
  uint32_t parent = 0;                // index of a directory it is in; the root is its own
  std::unique_ptr<IndexedFile> data;  // file with blocks of its own; otherwise null
  // Where the whole content is in the packed inode.
  uint64_t packed_offset = kNotPacked;
  uint64_t offset = 0;  // from the metadata's start; the inode number is offset / 32

  bool is_packed() const { return packed_offset != kNotPacked; }
  bool is_packed_inode() const { return parent == kNoParent; }  // which is in no directory
};

// All of the tree's nodes, the root first, each once however many names it has. The order is by
// path without Nix store hashes, so that a rebuild that changes hashes alone keeps it (and a
// transfer finds the old content where the new is). Sets the nodes' `inode` to their indexes.
std::vector<Inode> InodesOf(const Tree& tree);

// One of the paths of an inode among `inodes`, for messages.
std::string PathOf(const std::vector<Inode>& inodes, const Inode& inode);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_INODE_H_
