// Reads what Python, Node.js and Ruby record of installed packages.
#ifndef SLIPWAY_BUILDER_PACKAGES_LANGUAGE_PACKAGES_H_
#define SLIPWAY_BUILDER_PACKAGES_LANGUAGE_PACKAGES_H_

#include <optional>
#include <string>

#include "builder/packages/found_package.h"

namespace builder {

// The package that `node`, a file at `path`, is the record of: X.dist-info/METADATA,
// X.egg-info (a file, or PKG-INFO in such a folder), node_modules/X/package.json,
// specifications/X.gemspec. Neither opens nor reads any other file.
std::optional<FoundPackage> ReadLanguagePackage(const std::string& path, const Node& node,
                                                const Tree& tree);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_PACKAGES_LANGUAGE_PACKAGES_H_
