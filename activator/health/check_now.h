// Asks the checks of services that run, now: `activate status --check`, and before "healthy" is
// said of what a switch left alone.
#ifndef SLIPWAY_ACTIVATOR_HEALTH_CHECK_NOW_H_
#define SLIPWAY_ACTIVATOR_HEALTH_CHECK_NOW_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "activator/host/host.h"
#include "activator/host/installed_units.h"

namespace activator {

struct CheckAnswers {
  size_t asked = 0;
  std::set<std::string> starting;  // those of the problems that may yet become well
  // By unit: "web.service is active, but its check http://127.0.0.1/ did not pass: status 500".
  std::map<std::string, std::string> problems;
};

// One try of each, as a switch makes it. One that cannot be asked is a problem, and so is a service
// that is still starting or stopping. One that is down is not asked: whether it should be up is for
// FindDown to say, which is asked after it: the check may have ended one. Nor is what a timer
// starts, and what has no check by "none".
CheckAnswers AskChecks(const Host& host, const InstalledUnits& units);

// What the checks say that do not pass. One that fails is asked three times within seconds: one
// slow answer is no fault. A service that is still starting has its timeout_seconds for that.
std::vector<std::string> FailedChecks(const Host& host, InstalledUnits units);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HEALTH_CHECK_NOW_H_
