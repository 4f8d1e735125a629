#include "images/version/can_run.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/error.h"

namespace images {
namespace {

constexpr std::string_view kFeaturePrefix = "erofs-";

// "erofs-zstd" is what --target calls "zstd".
std::string TargetOf(const std::string& feature) {
  return feature.starts_with(kFeaturePrefix) ? feature.substr(kFeaturePrefix.size()) : feature;
}

}  // namespace

void CheckCanRun(const Manifest& image, const HostAbilities& host, const std::string& name) {
  if (image.architecture != host.architecture) {
    base::Fail(base::ExitCode::kFailed, "{} is {}, the image {} is built for {}", name,
               host.architecture, image.name, image.architecture);
  }
  for (const std::string& feature : image.image.required_features) {
    if (std::ranges::find(host.features, feature) != host.features.end()) {
      continue;
    }
    if (host.features.empty()) {
      base::Fail(base::ExitCode::kFailed,
                 "{} cannot mount {} EROFS images, nor any other kind: its kernel needs EROFS and "
                 "loop devices",
                 name, TargetOf(feature));
    }
    std::vector<std::string> targets;
    std::ranges::transform(host.features, std::back_inserter(targets), &TargetOf);
    base::Fail(base::ExitCode::kFailed,
               "{} cannot mount {} EROFS images; it can mount: {}; build with --target {}", name,
               TargetOf(feature), fmt::join(targets, ", "), targets.front());
  }
}

}  // namespace images
