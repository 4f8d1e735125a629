// Renders the units that start a service: its socket and its timer. Their text depends on the
// image's name and on their own fields of the definition, and not on the version. They therefore
// stay unchanged, and a socket stays open, while the service is switched to another version.
#ifndef SLIPWAY_UNITS_STARTERS_H_
#define SLIPWAY_UNITS_STARTERS_H_

#include <string>

#include "images/service/service.h"

namespace units {

// SERVICE.socket, for a service with "listen".
std::string SocketText(const std::string& image, const std::string& name,
                       const images::Service& service);

// SERVICE.timer, for a service with "schedule".
std::string TimerText(const std::string& image, const std::string& name,
                      const images::Service& service);

}  // namespace units

#endif  // SLIPWAY_UNITS_STARTERS_H_
