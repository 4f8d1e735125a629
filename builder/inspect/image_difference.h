// Compares two images, for `imgbuild diff`.
#ifndef SLIPWAY_BUILDER_INSPECT_IMAGE_DIFFERENCE_H_
#define SLIPWAY_BUILDER_INSPECT_IMAGE_DIFFERENCE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "images/version/image_directory.h"
#include "images/version/package_changes.h"

namespace builder {

struct ImageDifference {
  std::vector<images::PackageChange> packages;  // by name, without those that are the same
  uint64_t chunks = 0;                          // of the second image
  uint64_t missing_chunks = 0;                  // that the first has not
  uint64_t missing_bytes = 0;                   // each once
  // What a push sends to a host that has the first image, with deltas; nullopt: the codecs differ,
  // and chunks are sent.
  std::optional<uint64_t> bytes_with_deltas;
};

ImageDifference Compare(const images::ImageDirectory& from, const images::ImageDirectory& to);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_IMAGE_DIFFERENCE_H_
