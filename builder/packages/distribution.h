// Which distribution a tree is, by its os-release file.
#ifndef SLIPWAY_BUILDER_PACKAGES_DISTRIBUTION_H_
#define SLIPWAY_BUILDER_PACKAGES_DISTRIBUTION_H_

#include <array>
#include <string>

#include "builder/packages/package_record.h"

namespace builder {

// In the order of os-release(5).
inline constexpr std::array kOsReleaseFiles = {"/etc/os-release", "/usr/lib/os-release"};

// Of the text of such a file.
Distribution ParseOsRelease(const std::string& text);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_PACKAGES_DISTRIBUTION_H_
