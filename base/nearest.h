// "Did you mean": the known name that a mistyped one resembles.
#ifndef SLIPWAY_BASE_NEAREST_H_
#define SLIPWAY_BASE_NEAREST_H_

#include <string>
#include <string_view>
#include <vector>

namespace base {

// The name in `known` with the smallest Levenshtein distance to `word`; empty if changing half of
// the word's letters gives none: a name that resembles nothing is no typing error.
std::string NearestOf(std::string_view word, const std::vector<std::string>& known);

}  // namespace base

#endif  // SLIPWAY_BASE_NEAREST_H_
