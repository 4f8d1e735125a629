// A service's "schedule": when a timer starts it, as systemd's OnCalendar= (systemd.time(7)).
#ifndef SLIPWAY_IMAGES_SERVICE_SCHEDULE_H_
#define SLIPWAY_IMAGES_SERVICE_SCHEDULE_H_

#include <string>

namespace images {

// What is wrong with `text`, empty where nothing is. Finds what systemd cannot mean: other
// characters, words that it does not know. The host's systemd has the last word before a switch.
std::string ScheduleProblem(const std::string& text);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_SCHEDULE_H_
