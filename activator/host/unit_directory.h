// The directory of the links to rendered units.
#ifndef SLIPWAY_ACTIVATOR_HOST_UNIT_DIRECTORY_H_
#define SLIPWAY_ACTIVATOR_HOST_UNIT_DIRECTORY_H_

#include <string>

namespace activator {

struct UnitDirectory {
  std::string path;
  std::string configured;  // where an operator's units stand; mostly the same
};

// `configured`; /run/systemd/system where that is on a read-only file system, or a link to a
// directory that is not its own, as on NixOS, where what it leads to is replaced as a whole.
// Read-only; the result does not depend on the caller.
UnitDirectory FindUnitDirectory(const std::string& configured = "/etc/systemd/system");

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_UNIT_DIRECTORY_H_
