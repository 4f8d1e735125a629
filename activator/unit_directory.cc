#include "activator/unit_directory.h"

#include <unistd.h>

#include <cerrno>

namespace activator {

UnitDirectory FindUnitDirectory() {
  constexpr const char* kConfigured = "/etc/systemd/system";
  if (::access(kConfigured, W_OK) != 0 && errno == EROFS) {
    return {"/run/systemd/system", false};
  }
  return {kConfigured, true};
}

}  // namespace activator
