// Lays out extended attributes: a name and value that several inodes have is stored once for all of
// them, any other with its inode.
#ifndef SLIPWAY_BUILDER_EROFS_XATTRS_H_
#define SLIPWAY_BUILDER_EROFS_XATTRS_H_

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/erofs/inode.h"

namespace builder {

class XattrTable {
 public:
  // The inodes' nodes must outlive the table. Throws where an attribute has no place in EROFS.
  explicit XattrTable(const std::vector<Inode>& inodes);

  // What stands after an inode of `node`; 0 where it has no attributes.
  uint64_t BytesOf(const Node& node) const;
  void Write(const Node& node, uint8_t* at) const;
  // The shared entries, for the block that the superblock names.
  const std::vector<uint8_t>& shared() const { return shared_; }

 private:
  using Key = std::pair<std::string_view, std::string_view>;  // full name, value
  struct Parts {
    std::vector<uint32_t> shared;
    std::vector<Key> own;
  };

  Parts PartsOf(const Node& node) const;

  std::map<Key, uint32_t> number_of_;  // of a shared entry: 4-byte steps from the first
  std::vector<uint8_t> shared_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_XATTRS_H_
