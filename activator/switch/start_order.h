// Which units a switch may start while it still waits for others to stop, so that no application is
// down for as long as another one takes to stop.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_START_ORDER_H_
#define SLIPWAY_ACTIVATOR_SWITCH_START_ORDER_H_

#include <cstdint>
#include <set>
#include <string>

#include "activator/host/installed_units.h"
#include "images/version/host_layout.h"

namespace activator {

using AppFolders = std::set<std::string>;  // ROOT/NAME of applications

// The applications that claim a port in `to` that they did not claim in `from`: another one may
// still hold it.
AppFolders TakingPorts(const images::HostLayout& layout, uint64_t from, uint64_t to);

// Those of `waiting`, which are units of `to`, that may start while `stopping` are not down yet.
// The units of an application start together, once all of it is down. So do applications whose
// units name one another, since an order between them is kept only if they start together. An
// application that `from` does not have waits for all: it was not up, and may need what the others
// leave (a port, a folder). So do those in `must_wait`. Pure.
InstalledUnits MayStart(const InstalledUnits& waiting, const UnitNames& stopping,
                        const InstalledUnits& from, const InstalledUnits& to,
                        const AppFolders& must_wait);

// Whether systemd may read `to` while it still stops `from`: it goes on by the new limits and
// signals, and runs commands of the stop in the image that the new text names. Pure.
bool MayStopAs(const InstalledUnit& from, const InstalledUnit& to);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_START_ORDER_H_
