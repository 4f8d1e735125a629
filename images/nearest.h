// "Did you mean": the known name that is nearest to what somebody wrote.
#ifndef SLIPWAY_IMAGES_NEAREST_H_
#define SLIPWAY_IMAGES_NEAREST_H_

#include <string>
#include <string_view>
#include <vector>

namespace images {

// That one of `known` which the fewest letters make of `word` (Levenshtein's distance); empty where
// there is none at all.
std::string NearestOf(std::string_view word, const std::vector<std::string>& known);

}  // namespace images

#endif  // SLIPWAY_IMAGES_NEAREST_H_
