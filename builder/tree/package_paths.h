// Under which paths the packages of a distribution know a file.
#ifndef SLIPWAY_BUILDER_TREE_PACKAGE_PATHS_H_
#define SLIPWAY_BUILDER_TREE_PACKAGE_PATHS_H_

#include <string>
#include <vector>

namespace builder {

// The path itself; the one from before /usr was merged; and for what Python compiled on this
// machine the same of its source, to whose package it belongs.
std::vector<std::string> PathsInPackages(const std::string& path);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TREE_PACKAGE_PATHS_H_
