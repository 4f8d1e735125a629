// Whether the ports that services need are free, as far as "ports" and "listen" say.
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
// "ports" does not say at which address: what listens at one address alone is let pass, and so is
// what is in no unit that can be told; the service then fails by itself where it wants that one.
void CheckPorts(const Host& host, const images::Services& services, const InstalledUnits& from,
                const UnitNames& leaving);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_CHECK_PORTS_H_
