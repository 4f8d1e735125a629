// For which machines an OCI image is, as image indexes and configurations say it: "linux/arm/v7".
#ifndef SLIPWAY_BUILDER_SOURCE_OCI_PLATFORM_H_
#define SLIPWAY_BUILDER_SOURCE_OCI_PLATFORM_H_

#include <string>

namespace builder {

struct OciPlatform {
  std::string os;
  std::string architecture;  // GOARCH
  std::string variant;       // "" for the usual one: amd64's v1, arm64's v8, arm's v7
  std::string ToText() const;
  bool operator==(const OciPlatform&) const = default;
};

OciPlatform MakeOciPlatform(std::string os, std::string architecture, std::string variant);
// "os/architecture" or "os/architecture/variant"; this machine's where `text` is empty. Throws
// Error{kUsage} where it is another text, or not for Linux.
OciPlatform ParseOciPlatform(const std::string& text);
// As uname -m gives it.
std::string MachineOf(const OciPlatform& platform);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_OCI_PLATFORM_H_
