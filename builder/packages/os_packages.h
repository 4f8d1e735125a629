// Reads the databases of dpkg (also the form of distroless images) and of apk.
#ifndef SLIPWAY_BUILDER_PACKAGES_OS_PACKAGES_H_
#define SLIPWAY_BUILDER_PACKAGES_OS_PACKAGES_H_

#include <optional>
#include <string>
#include <vector>

#include "builder/packages/found_package.h"

namespace builder {

// The files of a root, by absolute paths.
class RootFiles {
 public:
  virtual ~RootFiles() = default;

  virtual std::vector<std::string> NamesIn(const std::string& folder) const = 0;
  // nullopt: there is no such file. Empty where it has more bytes than that.
  virtual std::optional<std::string> Read(const std::string& path, uint64_t most_bytes) = 0;
};

// Whether ReadOsPackages may ask for this file.
bool IsOfDatabase(const std::string& path);

// Of packages whose files are there or were unpacked; "config-files" is none. Lines that no
// database has are skipped. Any file may have a database's name, whatever is in it: what is read
// and returned has limits.
std::vector<FoundPackage> ReadOsPackages(RootFiles& files);
std::vector<FoundPackage> ReadOsPackages(const Tree& tree);

// The folder of a database that is there and that ReadOsPackages does not know.
std::optional<std::string> UnreadDatabase(const Tree& tree);

// dpkg's field "Source", "glibc" or "gcc-12 (12.2.0-14)", of a package of that name and version.
void SetDebianSource(const std::string& field, PackageRecord& record);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_PACKAGES_OS_PACKAGES_H_
