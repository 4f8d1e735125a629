// Finds units of a package or an operator that have the name of one of ours.
#ifndef SLIPWAY_ACTIVATOR_HOST_FOREIGN_UNITS_H_
#define SLIPWAY_ACTIVATOR_HOST_FOREIGN_UNITS_H_

#include "activator/host/host.h"
#include "activator/host/installed_units.h"

namespace activator {

enum class UnitConflictPolicy {
  kRefuse,
  kAdopt,  // a package's unit makes room: our link hides it, and the switch stops it
};

// `units`: all that are to be linked; `added`: those that are not linked yet. Throws Error{kFailed}
// for a name that is not free. What an operator put into the unit directory is never taken away.
void CheckNames(const Host& host, const UnitNames& units, const UnitNames& added,
                UnitConflictPolicy foreign);

// Those of `added` that run as somebody else's units: the way back starts them again.
UnitNames RunningForeign(const Host& host, const UnitNames& added);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_FOREIGN_UNITS_H_
