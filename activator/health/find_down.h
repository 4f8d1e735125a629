// Looks once at the units of a generation: which of them are not well by what systemd says. No
// check is asked (check_now.h).
#ifndef SLIPWAY_ACTIVATOR_HEALTH_FIND_DOWN_H_
#define SLIPWAY_ACTIVATOR_HEALTH_FIND_DOWN_H_

#include <string>
#include <vector>

#include "activator/host/host.h"
#include "activator/host/installed_units.h"

namespace activator {

struct DownUnit {
  std::string what;    // "db.service is failed (exit-code, status 1)"
  bool is_up = false;  // just now, or when it is next due: no activation has to start it
};

// Those that should be up and are not; those that systemd starts again and again, which are up
// whenever one looks in between; and services that a timer starts whose last run failed, also while
// the next one goes on, which the journal tells; and images that dm-verity has found damaged, each
// by one of its services. Not looked at: services without a check by "none".
// A service behind a socket of its own may have ended well, as may a oneshot.
std::vector<DownUnit> FindDown(const Host& host, const InstalledUnits& units);

// A line for each image of `units` that dm-verity has found damaged since its device was made.
std::vector<std::string> FindDamaged(const Host& host, const InstalledUnits& units);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HEALTH_FIND_DOWN_H_
