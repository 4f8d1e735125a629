// A package that a source's own records name, with what a bill of materials says about it
// (docs/sbom.md).
#ifndef SLIPWAY_BUILDER_PACKAGES_PACKAGE_RECORD_H_
#define SLIPWAY_BUILDER_PACKAGES_PACKAGE_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>

namespace builder {

// Who names it, and what of. `type` is that of package URLs: "deb", "apk", "nix", "pypi", "npm",
// "gem", "golang", "cargo"; "generic": data that only we name; empty: a file that no package has.
struct PackageOrigin {
  std::string type;
  std::string architecture;    // as its distribution calls it; may be empty
  std::string source_name;     // the package that it was built from; may be empty
  std::string source_version;  // likewise
};

struct PackageRecord {
  PackageOrigin origin;
  std::string name;
  std::string version;
  std::string path;  // in the image: the record, or where the package stands
  // Its files in the image, and those of the source that the image leaves out; nullopt: the record
  // does not list them.
  std::optional<uint64_t> files;
  uint64_t files_left_out = 0;
};

// As /etc/os-release names it; both may be empty.
struct Distribution {
  std::string id;       // "debian"
  std::string version;  // "12", or a name where the release has no number yet
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_PACKAGES_PACKAGE_RECORD_H_
