// A rendered unit, and the names that rendered units share with the host.
#ifndef SLIPWAY_UNITS_RENDERED_UNIT_H_
#define SLIPWAY_UNITS_RENDERED_UNIT_H_

#include <string>

namespace units {

// Starts the current generation at boot; every rendered unit is ordered after it.
inline constexpr const char* kBootUnit = "slipway-boot.service";

// Every rendered unit is a part of it: what stops it, as rescue mode does, stops all applications.
inline constexpr const char* kTarget = "slipway.target";

// Reads all that the host holds, and compares it with what was built; once a week, by its timer.
inline constexpr const char* kVerifyUnit = "slipway-verify.service";
inline constexpr const char* kVerifyTimer = "slipway-verify.timer";

// Of a host that pulls from channels: what asks and decides, and, by a socket that only root may
// open, what reads the store.
inline constexpr const char* kPullUnit = "slipway-pull.service";
inline constexpr const char* kPullTimer = "slipway-pull.timer";
inline constexpr const char* kFetchSocket = "slipway-fetch.socket";
inline constexpr const char* kFetchUnit = "slipway-fetch@.service";

// Beside a version's image, for its services' named users: what the host puts at /etc/passwd and
// /etc/group of the image.
inline constexpr const char* kPasswdFile = "passwd";
inline constexpr const char* kGroupFile = "group";

struct RenderedUnit {
  std::string name;  // "nginx.service", "nginx.socket", "backup.timer"
  std::string text;
  bool operator==(const RenderedUnit&) const = default;
};

}  // namespace units

#endif  // SLIPWAY_UNITS_RENDERED_UNIT_H_
