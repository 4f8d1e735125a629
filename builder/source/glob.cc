#include "builder/source/glob.h"

#include <vector>

namespace builder {
namespace {

// One row for each character of the glob, as in an automaton: no glob takes longer than
// glob.size() * path.size().
using Row = std::vector<bool>;  // [i]: the glob so far matches the first i bytes of the path

void AfterStars(std::string_view path, bool over_slashes, Row& row) {
  for (size_t i = 1; i < row.size(); ++i) {
    row[i] = row[i] || (row[i - 1] && (over_slashes || path[i - 1] != '/'));
  }
}

void AfterCharacter(std::string_view path, char c, Row& row) {
  for (size_t i = row.size() - 1; i > 0; --i) {
    const char found = path[i - 1];
    row[i] = row[i - 1] && (c == '?' ? found != '/' : found == c);
  }
  row[0] = false;
}

}  // namespace

bool MatchesGlob(std::string_view glob, std::string_view path) {
  Row row(path.size() + 1, false);
  row[0] = true;
  for (size_t at = 0; at < glob.size();) {
    const size_t end = glob.find_first_not_of('*', at);
    const size_t stars = (end == std::string_view::npos ? glob.size() : end) - at;
    if (stars == 0) {
      AfterCharacter(path, glob[at++], row);
      continue;
    }
    AfterStars(path, stars > 1, row);
    at += stars;
  }
  return row.back();
}

}  // namespace builder
