// Reads the small files of an image ahead of the one who packs them: where chunks are in the cache,
// opening and hashing tens of thousands of files took a third of that thread's time.
#ifndef SLIPWAY_BUILDER_SMALL_FILES_H_
#define SLIPWAY_BUILDER_SMALL_FILES_H_

#include <cstdint>
#include <deque>
#include <future>
#include <vector>

#include "base/digest.h"
#include "builder/tree.h"

namespace builder {

struct SmallFile {
  std::vector<uint8_t> content;
  base::Sha256 digest;  // of the content
};

class SmallFiles {
 public:
  // The nodes are files; they must outlive the object. At most 2 MiB of content, and one file more,
  // are in memory.
  explicit SmallFiles(std::vector<const Node*> nodes);

  // Of the next node. Throws what reading it, or one soon after it, threw (tree.h).
  SmallFile Next();

 private:
  void ReadAhead();

  const std::vector<const Node*> nodes_;
  size_t next_to_read_ = 0;
  std::deque<SmallFile> read_;
  std::future<std::deque<SmallFile>> ahead_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SMALL_FILES_H_
