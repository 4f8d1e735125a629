// Whether what services need of the host's own files and folders is there, before anything is
// stopped for it. Looks only; each function returns what is wrong, a line each.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_CHECK_HOST_PATHS_H_
#define SLIPWAY_ACTIVATOR_SWITCH_CHECK_HOST_PATHS_H_

#include <string>
#include <vector>

#include "images/service/service.h"
#include "units/unit_paths.h"

namespace activator {

// What systemd's AssertPathIsMountPoint= will ask, and what cannot be renamed.
bool IsMountPoint(const std::string& path);

// Of all services that a switch starts: a path that one of them makes need not be there yet.
std::vector<std::string> HostPathProblems(const images::Services& services);

// Why systemd cannot make a directory of the service ("/var/lib/web"); empty: it can.
std::string DirectoryProblem(const units::ServiceDirectory& directory);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_CHECK_HOST_PATHS_H_
