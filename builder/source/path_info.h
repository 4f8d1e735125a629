// Parses the output of `nix path-info --json --recursive`, in each of the three forms that versions
// of Nix print.
#ifndef SLIPWAY_BUILDER_SOURCE_PATH_INFO_H_
#define SLIPWAY_BUILDER_SOURCE_PATH_INFO_H_

#include <map>
#include <string>
#include <vector>

namespace builder {

struct PathInfo {
  std::string nar_hash;                 // "sha256:BASE32"
  std::vector<std::string> references;  // store paths, sorted; a path may refer to itself
  std::string deriver;                  // a store path; empty where Nix knows none
};

// By store path. The forms are a list (2.8), an object by path (2.26; "format 1") and a versioned
// object by base name (2.34; "format 2"). Throws Error{kFailed} for another one.
std::map<std::string, PathInfo> ParsePathInfo(const std::string& text);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_PATH_INFO_H_
