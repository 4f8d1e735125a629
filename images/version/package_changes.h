// Compares the packages of two images by their manifests, for `imgbuild diff` and for the plan of a
// push.
#ifndef SLIPWAY_IMAGES_VERSION_PACKAGE_CHANGES_H_
#define SLIPWAY_IMAGES_VERSION_PACKAGE_CHANGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "images/version/manifest.h"

namespace images {

struct PackageChange {
  enum class Kind {
    kAdded,
    kRemoved,
    kChanged,
    kRebuilt
  };  // kRebuilt: only the content is another
  Kind kind = Kind::kAdded;
  std::string name;
  std::string from;  // version, or versions with commas; empty where it was not there
  std::string to;
  uint64_t from_bytes = 0;  // content
  uint64_t to_bytes = 0;
  bool operator==(const PackageChange&) const = default;
};

const char* ToText(PackageChange::Kind kind);  // "added"

// By name, without those that are the same.
std::vector<PackageChange> ComparePackages(const Manifest& from, const Manifest& to);

}  // namespace images

#endif  // SLIPWAY_IMAGES_VERSION_PACKAGE_CHANGES_H_
