#include "activator/report/text_diff.h"

#include <algorithm>
#include <vector>

#include "base/printable.h"

namespace activator {
namespace {

using Lines = std::vector<std::string>;

// common[i][j]: the length of the longest sequence that from[i...] and to[j...] have in common.
std::vector<std::vector<size_t>> CommonLengths(const Lines& from, const Lines& to) {
  std::vector<std::vector<size_t>> out(from.size() + 1, std::vector<size_t>(to.size() + 1, 0));
  for (size_t i = from.size(); i-- > 0;) {
    for (size_t j = to.size(); j-- > 0;) {
      out[i][j] = from[i] == to[j] ? out[i + 1][j + 1] + 1 : std::max(out[i + 1][j], out[i][j + 1]);
    }
  }
  return out;
}

}  // namespace

std::string DiffLines(const std::string& from, const std::string& to) {
  const Lines old_lines = base::LinesOf(from);
  const Lines new_lines = base::LinesOf(to);
  const auto common = CommonLengths(old_lines, new_lines);
  std::string out;
  size_t i = 0;
  size_t j = 0;
  while (i < old_lines.size() || j < new_lines.size()) {
    if (i < old_lines.size() && j < new_lines.size() && old_lines[i] == new_lines[j]) {
      ++i;
      ++j;
    } else if (j == new_lines.size() ||
               (i < old_lines.size() && common[i + 1][j] >= common[i][j + 1])) {
      out += "-" + old_lines[i++] + "\n";
    } else {
      out += "+" + new_lines[j++] + "\n";
    }
  }
  return out;
}

}  // namespace activator
