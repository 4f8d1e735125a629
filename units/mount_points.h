// The paths that an image must hold so that systemd can start its services: mount points cannot be
// created in a read-only root. The builder creates exactly these, and the activator checks them
// before it touches anything.
#ifndef SLIPWAY_UNITS_MOUNT_POINTS_H_
#define SLIPWAY_UNITS_MOUNT_POINTS_H_

#include <string>
#include <vector>

#include "images/service/service.h"

namespace units {

struct MountPoint {
  std::string path;          // absolute, in the image
  bool is_directory = true;  // false: a regular file, empty unless the image has content there
  bool is_any_kind = false;  // what the image has there is right, whatever it is
  bool operator==(const MountPoint&) const = default;
};

// Sorted by path, each once. Whether a bind's source on the host is a directory is not known at
// build time: a bind whose image path ends in "/" is one, and so is one with no dot in its last
// component.
std::vector<MountPoint> MountPointsOf(const images::Services& services);

}  // namespace units

#endif  // SLIPWAY_UNITS_MOUNT_POINTS_H_
