// Writes a bill of materials: a CycloneDX 1.5 document as grype and trivy read it (docs/sbom.md).
#ifndef SLIPWAY_BUILDER_INSPECT_SBOM_H_
#define SLIPWAY_BUILDER_INSPECT_SBOM_H_

#include <string>

#include "builder/inspect/recorded_packages.h"
#include "images/version/image_directory.h"

namespace builder {

// The same bytes whenever and wherever it is made by one version of imgbuild: it has no time, its
// serial number follows from the image's manifest, and the label is not in it.
std::string MakeSbom(const images::ImageDirectory& image, const RecordedPackages& packages);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_SBOM_H_
