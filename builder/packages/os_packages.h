// Reads the databases of dpkg (also the form of distroless images) and of apk.
#ifndef SLIPWAY_BUILDER_PACKAGES_OS_PACKAGES_H_
#define SLIPWAY_BUILDER_PACKAGES_OS_PACKAGES_H_

#include <optional>
#include <string>
#include <vector>

#include "builder/packages/found_package.h"

namespace builder {

// Of packages whose files are there or were unpacked; "config-files" is none. Lines that no
// database has are skipped.
std::vector<FoundPackage> ReadOsPackages(const Tree& tree);

// The folder of a database that is there and that ReadOsPackages does not know.
std::optional<std::string> UnreadDatabase(const Tree& tree);

// dpkg's field "Source", "glibc" or "gcc-12 (12.2.0-14)", of a package of that name and version.
void SetDebianSource(const std::string& field, PackageRecord& record);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_PACKAGES_OS_PACKAGES_H_
