// `activate at DATE`: what ran then, by the history. Read-only, without the host's lock.
#ifndef SLIPWAY_ACTIVATOR_REPORT_PAST_H_
#define SLIPWAY_ACTIVATOR_REPORT_PAST_H_

#include <chrono>
#include <string>

#include "activator/state/event.h"
#include "images/version/host_layout.h"

namespace activator {

struct Past {
  std::string time;  // that was asked for, ISO 8601, UTC
  // That made active what ran then: with its applications, wherever the history has them. Without a
  // time where only a later event tells; generation 0: nothing was active.
  Event activated;
};

// Throws Error{kFailed} where the history does not reach back to it.
Past ReadPast(const images::HostLayout& layout, std::chrono::system_clock::time_point time);

std::string PastText(const Past& past);
std::string PastJson(const Past& past);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_PAST_H_
