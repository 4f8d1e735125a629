// Finds the store paths that an image needs, by asking the nix programs of this machine for a
// closure.
#ifndef SLIPWAY_BUILDER_SOURCE_NIX_SOURCE_H_
#define SLIPWAY_BUILDER_SOURCE_NIX_SOURCE_H_

#include <string>
#include <string_view>
#include <vector>

#include "builder/source/closure.h"
#include "images/definition/source.h"

namespace builder {

inline constexpr std::string_view kNixStore = "/nix/store/";

// Builds where the source says so and asks for the closure of it and of `added`, sources in one
// word each (images::NixSourceOf). Throws Error{kFailed}: nix not installed, a path that does not
// exist or is not valid, a build that failed (with nix's own last lines).
Closure ResolveNix(const images::NixSource& source, const std::vector<std::string>& added);

// "/nix/store/HASH-nginx-1.22.1" -> {"nginx", "1.22.1"}: the version starts at the first dash
// before a digit.
struct PackageName {
  std::string name;
  std::string version;
};
PackageName PackageNameOf(const std::string& store_path);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_NIX_SOURCE_H_
