// Reads which packages an image has, from the provenance beside it.
#ifndef SLIPWAY_BUILDER_INSPECT_RECORDED_PACKAGES_H_
#define SLIPWAY_BUILDER_INSPECT_RECORDED_PACKAGES_H_

#include <optional>
#include <string>
#include <vector>

#include "builder/packages/package_record.h"
#include "images/version/image_directory.h"

namespace builder {

struct RecordedPackages {
  Distribution distribution;
  std::vector<PackageRecord> packages;
  std::optional<std::string> unread_database;  // which has more of them
};

// Of a Nix image that was built before packages were recorded, those of the manifest, which are all
// there is to know. Throws Error{kFailed} for another such image, or one without provenance;
// Error{kVerification} where the file is not what it should be.
RecordedPackages ReadRecordedPackages(const images::ImageDirectory& image);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_RECORDED_PACKAGES_H_
