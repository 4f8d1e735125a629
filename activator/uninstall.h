// Removes what Slipway put on a host, and nothing that services made.
#ifndef SLIPWAY_ACTIVATOR_UNINSTALL_H_
#define SLIPWAY_ACTIVATOR_UNINSTALL_H_

#include <string>
#include <vector>

#include "activator/host/host.h"
#include "activator/report/uninstalled.h"

namespace activator {

// The applications of the active generation, by name.
std::vector<std::string> ActiveApplications(const images::HostLayout& layout);

// What Uninstall would do, with the applications that run, and why it would be refused: `stops`
// says whether they are stopped first. Changes nothing, and needs no lock.
Uninstalled PlanUninstall(const Host& host, bool stops);

// Removes the boot unit, our links to units, and all of ours below the root, in an order in which
// it can be repeated after a crash. The caller holds the host's lock, and has recovered. Throws
// Error{kFailed} where applications are active, Error{kBusy} where a push is in progress.
Uninstalled Uninstall(const Host& host);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_UNINSTALL_H_
