// The devices of dm-verity below units. systemd starts a unit from the device of its verity root
// while that is there, whatever file is below it, and keeps it while one unit uses it.
#ifndef SLIPWAY_ACTIVATOR_HEALTH_VERITY_DEVICES_H_
#define SLIPWAY_ACTIVATOR_HEALTH_VERITY_DEVICES_H_

#include <set>

#include "activator/host/host.h"
#include "activator/host/installed_units.h"
#include "base/digest.h"

namespace activator {

std::set<base::Sha256> VerityRootsOf(const InstalledUnits& units);

// Waits until the devices of these roots are gone, which takes a moment after the last unit has
// stopped. Returns the roots of those that stay: something else uses them.
std::set<base::Sha256> AwaitDevicesGone(const Host& host, std::set<base::Sha256> roots);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HEALTH_VERITY_DEVICES_H_
