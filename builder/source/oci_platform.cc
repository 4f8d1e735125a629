#include "builder/source/oci_platform.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "images/version/manifest.h"

namespace builder {
namespace {

struct Architecture {
  const char* go_name;
  const char* machine;
  const char* usual_variant;
};

constexpr std::array<Architecture, 7> kArchitectures = {{{"amd64", "x86_64", "v1"},
                                                         {"arm64", "aarch64", "v8"},
                                                         {"386", "i686", ""},
                                                         {"arm", "armv7l", "v7"},
                                                         {"riscv64", "riscv64", ""},
                                                         {"ppc64le", "ppc64le", ""},
                                                         {"s390x", "s390x", ""}}};

const Architecture* Find(const std::string& name) {
  const auto* found = std::find_if(
      kArchitectures.begin(), kArchitectures.end(),
      [&](const Architecture& one) { return name == one.go_name || name == one.machine; });
  return found == kArchitectures.end() ? nullptr : found;
}

}  // namespace

std::string OciPlatform::ToText() const {
  return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

OciPlatform MakeOciPlatform(std::string os, std::string architecture, std::string variant) {
  if (const Architecture* known = Find(architecture)) {
    architecture = known->go_name;
    variant = variant == known->usual_variant ? "" : variant;
  }
  return {std::move(os), std::move(architecture), std::move(variant)};
}

OciPlatform ParseOciPlatform(const std::string& text) {
  if (text.empty()) {
    return MakeOciPlatform("linux", images::MachineArchitecture(), "");
  }
  const size_t first = text.find('/');
  const size_t second = first == std::string::npos ? first : text.find('/', first + 1);
  const bool has_variant = second != std::string::npos;
  const std::string architecture =
      first == std::string::npos
          ? ""
          : text.substr(first + 1, has_variant ? second - first - 1 : second);
  if (text.substr(0, first) != "linux" || architecture.empty() || text.ends_with('/')) {
    base::Fail(base::ExitCode::kUsage,
               "the platform '{}' is not one of Linux; write linux/amd64 or linux/arm/v6", text);
  }
  return MakeOciPlatform("linux", architecture, has_variant ? text.substr(second + 1) : "");
}

std::string MachineOf(const OciPlatform& platform) {
  const Architecture* known = Find(platform.architecture);
  return known == nullptr ? platform.architecture : known->machine;
}

}  // namespace builder
