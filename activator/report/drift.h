// Finds drift: differences between the host and its active generation that an operator or another
// program made by hand. Drop-ins are not drift but overrides, and status shows them as such.
#ifndef SLIPWAY_ACTIVATOR_REPORT_DRIFT_H_
#define SLIPWAY_ACTIVATOR_REPORT_DRIFT_H_

#include <map>
#include <string>
#include <vector>

#include "activator/host/host.h"
#include "activator/host/installed_units.h"
#include "activator/state/generation.h"
#include "activator/state/secret_readers.h"

namespace activator {

// One sentence each; empty: it matches. `states`: of `units`, those of the active generation. What
// only root can see is left out for others.
std::vector<std::string> FindDrift(const Host& host, const Generation& active,
                                   const InstalledUnits& units,
                                   const std::map<std::string, UnitState>& states);

// Whether the secret was set after what runs of the unit had started.
bool IsSecretNewer(const Host& host, const SecretReader& reader, const UnitState& state);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_DRIFT_H_
