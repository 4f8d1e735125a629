// What differs between two images: for `imgbuild diff`.
#ifndef SLIPWAY_BUILDER_IMAGE_DIFFERENCE_H_
#define SLIPWAY_BUILDER_IMAGE_DIFFERENCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "images/image_directory.h"

namespace builder {

struct PackageChange {
  enum class Kind { kAdded, kRemoved, kChanged, kRebuilt };  // kRebuilt: same version, other path
  Kind kind = Kind::kAdded;
  std::string name;
  std::string from;  // version, or versions with commas; empty where it was not there
  std::string to;
  uint64_t from_bytes = 0;  // content
  uint64_t to_bytes = 0;
};

struct ImageDifference {
  std::vector<PackageChange> packages;  // by name, without those that are the same
  uint64_t chunks = 0;                  // of the second image
  uint64_t missing_chunks = 0;          // that the first has not
  uint64_t missing_bytes = 0;           // each once
};

ImageDifference Compare(const images::ImageDirectory& from, const images::ImageDirectory& to);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_IMAGE_DIFFERENCE_H_
