// Asks dpkg-query which Debian packages files belong to.
#ifndef SLIPWAY_BUILDER_SOURCE_DEBIAN_PACKAGES_H_
#define SLIPWAY_BUILDER_SOURCE_DEBIAN_PACKAGES_H_

#include <map>
#include <string>
#include <vector>

#include "builder/packages/package_record.h"
#include "builder/tree/sysroot.h"

namespace builder {

struct DebianPackage {
  std::string name;  // without the architecture
  std::string version;
  PackageOrigin origin;
};

// The package of each of `files`, paths in `root` without links; those that dpkg does not know are
// left out, and so are all where there is no dpkg.
std::map<std::string, DebianPackage> DebianPackagesOf(const Sysroot& root,
                                                      const std::vector<std::string>& files);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_DEBIAN_PACKAGES_H_
