// Checks that the ports that services name by "ports" and "listen" are free.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_CHECK_PORTS_H_
#define SLIPWAY_ACTIVATOR_SWITCH_CHECK_PORTS_H_

#include "activator/host/host.h"
#include "activator/host/installed_units.h"
#include "images/service/service.h"

namespace activator {

// `services`: those that are new or changed. `from`: the units of the active generation; `leaving`:
// the units that are down, or restarted, when the services start. Throws Error{kFailed} that names
// who has the port.
//
// "ports" names no address. Listeners on a single address are therefore ignored, and so are those
// of unknown units; a service that wants the same address then fails by itself.
void CheckPorts(const Host& host, const images::Services& services, const InstalledUnits& from,
                const UnitNames& leaving);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_CHECK_PORTS_H_
