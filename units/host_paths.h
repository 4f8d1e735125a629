// The host's paths that a service's unit names: they must be mounted before it starts.
#ifndef SLIPWAY_UNITS_HOST_PATHS_H_
#define SLIPWAY_UNITS_HOST_PATHS_H_

#include <string>
#include <vector>

#include "images/service/service.h"

namespace units {

// Binds, environment files, credentials and files that output goes to, from the service's fields
// and from its directives, each as a word of RequiresMountsFor=. A word of a directive that holds
// quotes or backslashes is left out, and
// so is a path that may be missing ("-/path").
std::vector<std::string> HostPathsOf(const images::Service& service);

}  // namespace units

#endif  // SLIPWAY_UNITS_HOST_PATHS_H_
