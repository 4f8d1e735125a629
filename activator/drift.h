// Where a host is not as the active generation says: what an operator or another program changed by
// hand. Drop-ins are not among it: they are overrides, and status shows them as such.
#ifndef SLIPWAY_ACTIVATOR_DRIFT_H_
#define SLIPWAY_ACTIVATOR_DRIFT_H_

#include <map>
#include <string>
#include <vector>

#include "activator/generation.h"
#include "activator/host.h"
#include "activator/hosted_units.h"

namespace activator {

// One sentence each; empty: it matches. `states`: of `units`, those of the active generation. What
// only root can see is left out for others.
std::vector<std::string> FindDrift(const Host& host, const Generation& active,
                                   const HostedUnits& units,
                                   const std::map<std::string, UnitState>& states);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_DRIFT_H_
