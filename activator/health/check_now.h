// Asks the checks of services that run, once and now: `activate status --check`.
#ifndef SLIPWAY_ACTIVATOR_HEALTH_CHECK_NOW_H_
#define SLIPWAY_ACTIVATOR_HEALTH_CHECK_NOW_H_

#include <cstddef>
#include <string>
#include <vector>

#include "activator/host/host.h"
#include "activator/host/installed_units.h"

namespace activator {

struct CheckAnswers {
  size_t asked = 0;
  // "web.service is active, but its check http://127.0.0.1/ did not pass: status 500".
  std::vector<std::string> problems;
};

// One try of each, as a switch makes it. A service that is not active is not asked: whether it
// should be is for FindDown to say. Nor is what a timer starts, and what has no check by "none".
// One that cannot be asked is a problem, too.
CheckAnswers AskChecks(const Host& host, const InstalledUnits& units);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HEALTH_CHECK_NOW_H_
