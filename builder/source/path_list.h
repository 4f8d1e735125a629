// Splits lists of folders with colons between them, such as PATH and an ELF file's RPATH.
#ifndef SLIPWAY_BUILDER_SOURCE_PATH_LIST_H_
#define SLIPWAY_BUILDER_SOURCE_PATH_LIST_H_

#include <algorithm>
#include <string>
#include <vector>

namespace builder {

// Without empty ones: they are the current directory, which nobody means.
inline std::vector<std::string> SplitPathList(const std::string& text) {
  std::vector<std::string> out;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(':', start), text.size());
    if (end > start) {
      out.push_back(text.substr(start, end - start));
    }
    start = end + 1;
  }
  return out;
}

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_PATH_LIST_H_
