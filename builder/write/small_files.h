// Reads the small files of an image ahead of their packer: if chunks are in the cache, opening and
// hashing tens of thousands of files is more than one thread's work.
#ifndef SLIPWAY_BUILDER_WRITE_SMALL_FILES_H_
#define SLIPWAY_BUILDER_WRITE_SMALL_FILES_H_

#include <cstdint>
#include <deque>
#include <future>
#include <vector>

#include "base/keyed_hash.h"
#include "builder/tree/tree.h"

namespace builder {

struct SmallFile {
  std::vector<uint8_t> content;
  base::KeyedHash::Value hash{};  // of the content
};

class SmallFiles {
 public:
  // The nodes are files; they and `hash` must outlive the object. At most 3 MiB of content, and
  // three files more, are in memory.
  SmallFiles(std::vector<const Node*> nodes, const base::KeyedHash& hash);

  // Of the next node. Throws what reading it, or one soon after it, threw (tree.h).
  SmallFile Next();

 private:
  void ReadAhead();

  const std::vector<const Node*> nodes_;
  const base::KeyedHash& hash_;
  size_t next_to_read_ = 0;
  std::deque<SmallFile> read_;
  std::deque<std::future<std::deque<SmallFile>>> ahead_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_WRITE_SMALL_FILES_H_
