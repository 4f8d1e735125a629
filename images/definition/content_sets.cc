#include "images/definition/content_sets.h"

#include <algorithm>

namespace images {

const ContentSet* FindContentSet(std::string_view name) {
  const auto* const found = std::find_if(kContentSets.begin(), kContentSets.end(),
                                         [&](const ContentSet& set) { return set.name == name; });
  return found == kContentSets.end() ? nullptr : found;
}

bool TakesSet(const std::optional<std::vector<std::string>>& sets, std::string_view name) {
  const bool is_default = FindContentSet(name)->is_default;
  if (!sets) {
    return is_default;
  }
  return std::any_of(sets->begin(), sets->end(), [&](const std::string& given) {
    return given == name || (given == kDefaultSets && is_default);
  });
}

}  // namespace images
