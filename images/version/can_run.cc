#include "images/version/can_run.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "base/error.h"
#include "chunker/codec_table.h"

namespace images {
namespace {

// As --target calls it; the feature itself where no codec of ours needs it.
std::string TargetOf(const std::string& feature) {
  const chunker::CodecKind* codec = chunker::CodecOfFeature(feature);
  return codec == nullptr ? feature : codec->target;
}

[[noreturn]] void FailMount(const std::string& feature, const std::vector<std::string>& mounts,
                            const std::string& name) {
  if (mounts.empty()) {
    base::Fail(base::ExitCode::kFailed,
               "{} cannot mount {} EROFS images, nor any other kind: its kernel needs EROFS and "
               "loop devices",
               name, TargetOf(feature));
  }
  std::vector<std::string> targets;
  std::ranges::transform(mounts, std::back_inserter(targets), &TargetOf);
  base::Fail(base::ExitCode::kFailed,
             "{} cannot mount {} EROFS images; it can mount: {}; build with --target {}", name,
             TargetOf(feature), fmt::join(targets, ", "), targets.front());
}

}  // namespace

// A processor of 32-bit ARM runs what is built for an earlier one, too; a kernel for x86-64 what is
// built for 32 bits.
bool RunsProgramsOf(const std::string& host, const std::string& machine) {
  static constexpr std::array<std::string_view, 4> kArm = {"armv5tel", "armv6l", "armv7l",
                                                           "armv8l"};
  const auto of_host = std::ranges::find(kArm, host);
  const auto of_image = std::ranges::find(kArm, machine);
  return host == machine || (of_host != kArm.end() && of_image <= of_host) ||
         (host == "x86_64" && machine == "i686");
}

void CheckCanRun(const Manifest& image, const HostAbilities& host, const std::string& name) {
  if (!RunsProgramsOf(host.architecture, image.architecture)) {
    base::Fail(base::ExitCode::kFailed, "{} is {}, the image {} is built for {}", name,
               host.architecture, image.name, image.architecture);
  }
  std::vector<std::string> mounts = host.features;
  const bool verifies = std::erase(mounts, kVerityFeature) > 0;
  for (const std::string& feature : image.image.required_features) {
    if (std::ranges::find(mounts, feature) == mounts.end()) {
      FailMount(feature, mounts, name);
    }
  }
  if (image.image.verity_root && !verifies) {
    base::Fail(
        base::ExitCode::kFailed,
        "{} cannot verify what {} reads, as \"verity\" in its definition wants: its kernel "
        "needs dm-verity, its systemd libcryptsetup (Debian 13: apt install libcryptsetup12)",
        name, image.name);
  }
}

}  // namespace images
