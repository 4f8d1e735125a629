// Removes what Slipway put on a host, and nothing that services made.
#ifndef SLIPWAY_ACTIVATOR_UNINSTALL_H_
#define SLIPWAY_ACTIVATOR_UNINSTALL_H_

#include <string>
#include <vector>

#include "activator/host/host.h"

namespace activator {

// The applications of the active generation, by name.
std::vector<std::string> ActiveApplications(const images::HostLayout& layout);

struct Uninstalled {
  // Directories of services (StateDirectory= and so on), and what an operator put into the root.
  std::vector<std::string> kept;
  std::vector<std::string> notes;  // what is left to do by hand, for people
};

// Removes the boot unit, our links to units, and all of ours below the root, in an order in which
// it can be repeated after a crash. The caller holds the host's lock, and has recovered. Throws
// Error{kFailed} where applications are active, Error{kBusy} where a push is in progress.
Uninstalled Uninstall(const Host& host);

std::string UninstalledText(const images::HostLayout& layout, const Uninstalled& uninstalled);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_UNINSTALL_H_
