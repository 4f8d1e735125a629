// Waits until services that a boot starts are up. Patient where a switch is not: after a boot a
// service may fail until what it needs is there, and be started again.
#ifndef SLIPWAY_ACTIVATOR_HEALTH_BOOT_HEALTH_H_
#define SLIPWAY_ACTIVATOR_HEALTH_BOOT_HEALTH_H_

#include <map>
#include <string>

#include "activator/host/host.h"
#include "activator/host/installed_units.h"

namespace activator {

// Waits until each has been up for its settle_seconds and its check has passed, within its own
// timeout_seconds since systemd began to start it. Returns those that are not, with what is wrong:
// "web.service is failed (exit-code, status 1)". Not looked at: what a timer starts, services
// without a check by "none".
std::map<std::string, std::string> AwaitBoot(const Host& host, const InstalledUnits& units);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HEALTH_BOOT_HEALTH_H_
