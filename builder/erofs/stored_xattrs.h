// The extended attributes of an image: whether they are as xattrs.h writes them.
#ifndef SLIPWAY_BUILDER_EROFS_STORED_XATTRS_H_
#define SLIPWAY_BUILDER_EROFS_STORED_XATTRS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/file.h"

namespace builder {

class StoredXattrs {
 public:
  // `shared` begins with the entries that inodes share, and must outlive this; zeros follow them.
  explicit StoredXattrs(base::Bytes shared);

  uint64_t shared_bytes() const { return shared_bytes_; }

  // Whether these bytes, all that stands between an inode and its content, are attributes with
  // names that differ.
  bool AreValid(base::Bytes of_inode) const;

 private:
  // A prefix's number and the rest of the name.
  using Name = std::pair<uint8_t, std::string_view>;
  struct Entry {
    Name name;
    uint64_t bytes = 0;
  };

  static std::optional<Entry> EntryAt(base::Bytes bytes);

  std::unordered_map<uint32_t, Name> shared_;  // by their number
  uint64_t shared_bytes_ = 0;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_STORED_XATTRS_H_
