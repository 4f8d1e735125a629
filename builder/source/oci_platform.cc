#include "builder/source/oci_platform.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/machine.h"
#include "images/version/manifest.h"

namespace builder {
namespace {

const base::Machine* Find(const std::string& name) {
  const auto machines = base::Machines();
  const auto found = std::find_if(machines.begin(), machines.end(), [&](const base::Machine& one) {
    return name == one.go_name || name == one.name;
  });
  return found == machines.end() ? nullptr : &*found;
}

// The variant that an image of this architecture has unless it says another.
std::string UsualVariant(std::string_view go_name) {
  return go_name == "amd64" ? "v1" : go_name == "arm64" ? "v8" : go_name == "arm" ? "v7" : "";
}

}  // namespace

std::string OciPlatform::ToText() const {
  return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
}

OciPlatform MakeOciPlatform(std::string os, std::string architecture, std::string variant) {
  if (const base::Machine* known = Find(architecture)) {
    architecture = known->go_name;
    variant = variant == UsualVariant(known->go_name) ? "" : variant;
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
  if (platform.architecture == "arm" && platform.variant == "v6") {
    return "armv6l";
  }
  if (platform.architecture == "arm" && platform.variant == "v5") {
    return "armv5tel";
  }
  const base::Machine* known = Find(platform.architecture);
  return known == nullptr ? platform.architecture : known->name;
}

}  // namespace builder
