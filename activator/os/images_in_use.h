// Finds the image files that anything on this machine uses.
#ifndef SLIPWAY_ACTIVATOR_OS_IMAGES_IN_USE_H_
#define SLIPWAY_ACTIVATOR_OS_IMAGES_IN_USE_H_

#include <set>

#include "activator/os/disk_use.h"
#include "activator/os/systemd.h"

namespace activator {

// Files, by device and inode since a path may lead there by another name, that are behind a loop
// device, mounted in the mount namespace of any process, or the RootImage= of a loaded unit.
// `systemd`: nullptr where nothing runs.
std::set<FileId> ImagesInUse(Systemd* systemd);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_IMAGES_IN_USE_H_
