// Whether a host can run an image: one answer for the sender, which knows a host from its greeting,
// for the host that is sent the image, and for a switch to it.
#ifndef SLIPWAY_IMAGES_VERSION_CAN_RUN_H_
#define SLIPWAY_IMAGES_VERSION_CAN_RUN_H_

#include <string>
#include <vector>

#include "images/version/manifest.h"

namespace images {

// Of a host that can verify each read of an image: its kernel has dm-verity, and its systemd can
// use it.
inline constexpr const char* kVerityFeature = "dm-verity";

struct HostAbilities {
  std::string architecture;  // as uname -m gives it
  // Of EROFS images that its kernel mounts: "erofs-zstd"; and kVerityFeature.
  std::vector<std::string> features;
};

// Whether a machine runs programs that are built for `machine`; both as uname -m gives them.
bool RunsProgramsOf(const std::string& host, const std::string& machine);

// Throws Error{kFailed} that says what the host lacks and what to do. `name`: how messages call the
// host, "host web1" or "this host".
void CheckCanRun(const Manifest& image, const HostAbilities& host, const std::string& name);

}  // namespace images

#endif  // SLIPWAY_IMAGES_VERSION_CAN_RUN_H_
