// Names of packages that scanners look up: package URLs (purl) and CPEs.
#ifndef SLIPWAY_BUILDER_INSPECT_PACKAGE_URL_H_
#define SLIPWAY_BUILDER_INSPECT_PACKAGE_URL_H_

#include <string>

#include "builder/packages/package_record.h"

namespace builder {

// "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl"; empty for a
// record without a type.
std::string PackageUrlOf(const PackageRecord& record, const Distribution& distribution);

// CPE 2.3 of a Nix package, whose upstream is called as itself for want of a better name; empty
// without a version.
std::string CpeOf(const PackageRecord& record);

// Of a store path: without the output that Nix puts behind it ("3.0.14-bin").
std::string UpstreamVersion(const PackageRecord& record);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_PACKAGE_URL_H_
