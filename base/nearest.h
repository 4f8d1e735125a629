// "Did you mean": the known name that is nearest to what somebody wrote.
#ifndef SLIPWAY_BASE_NEAREST_H_
#define SLIPWAY_BASE_NEAREST_H_

#include <string>
#include <string_view>
#include <vector>

namespace base {

// That one of `known` which the fewest letters make of `word` (Levenshtein's distance); empty where
// there is none at all.
std::string NearestOf(std::string_view word, const std::vector<std::string>& known);

}  // namespace base

#endif  // SLIPWAY_BASE_NEAREST_H_
