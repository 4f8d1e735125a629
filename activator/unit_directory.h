// Where the links to rendered units stand.
#ifndef SLIPWAY_ACTIVATOR_UNIT_DIRECTORY_H_
#define SLIPWAY_ACTIVATOR_UNIT_DIRECTORY_H_

#include <string>

namespace activator {

struct UnitDirectory {
  std::string path;
  bool survives_reboot = true;
};

// /etc/systemd/system; /run/systemd/system where that is on a read-only file system, as on NixOS.
UnitDirectory FindUnitDirectory();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_UNIT_DIRECTORY_H_
