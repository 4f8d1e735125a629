// The host's paths that a service's unit names: they must be mounted before it starts.
#ifndef SLIPWAY_UNITS_HOST_PATHS_H_
#define SLIPWAY_UNITS_HOST_PATHS_H_

#include <string>
#include <vector>

#include "images/service/service.h"

namespace units {

// Binds, environment files, credentials and files that output goes to, from the service's fields
// and from its directives, each as a word of RequiresMountsFor=. A path that may be missing
// ("-/path") is left out.
std::vector<std::string> HostPathsOf(const std::string& name, const images::Service& service);

}  // namespace units

#endif  // SLIPWAY_UNITS_HOST_PATHS_H_
