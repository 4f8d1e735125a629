// Compares every byte of every file in a read-back, the part that takes long, on several threads
// with a reader each.
#ifndef SLIPWAY_BUILDER_READ_CONTENT_COMPARISON_H_
#define SLIPWAY_BUILDER_READ_CONTENT_COMPARISON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "builder/tree/tree.h"

namespace builder {

struct FileToCompare {
  uint64_t nid = 0;
  const Node* node = nullptr;  // a file below the root
};

// Throws Error{kVerification} that names the first difference in the order of `files`.
void CompareContents(const std::string& image_path, const Node& root,
                     const std::vector<FileToCompare>& files, unsigned threads,
                     base::Progress& progress);

// That the image differs; `path` is "" for the root.
[[noreturn]] void FailAsDifferent(const std::string& image_path, const std::string& path,
                                  const std::string& how);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_READ_CONTENT_COMPARISON_H_
