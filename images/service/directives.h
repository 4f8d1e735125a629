// Refuses lines of `directives` that a unit cannot have.
#ifndef SLIPWAY_IMAGES_SERVICE_DIRECTIVES_H_
#define SLIPWAY_IMAGES_SERVICE_DIRECTIVES_H_

#include <string>

namespace images {

// What is wrong with the line: "is not possible: ..."; empty: nothing.
std::string DirectiveProblem(const std::string& section, const std::string& option,
                             const std::string& value);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_DIRECTIVES_H_
