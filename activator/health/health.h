// Waits until units are healthy. Polls systemd, so that each wait has a deadline: systemctl
// itself would wait for as long as a job lasts (it is asked to wait for a moment only,
// systemd.h).
#ifndef SLIPWAY_ACTIVATOR_HEALTH_HEALTH_H_
#define SLIPWAY_ACTIVATOR_HEALTH_HEALTH_H_

#include <chrono>
#include <optional>

#include "activator/host/host.h"
#include "activator/host/installed_units.h"

namespace activator {

// In place of each unit's own health.timeout_seconds.
using Timeout = std::optional<std::chrono::seconds>;

// Waits until each is active, its process runs from the unit's image, and its check passes. Throws
// Error{kFailed}, with the reason and as detail the unit's last log lines, as soon as one failed,
// ended or was restarted, or where it is not up within its time.
void WaitUntilStarted(const Host& host, const InstalledUnits& units, Timeout timeout);

// Watches that each stays as it is for its settle_seconds, and longer where it has a watchdog:
// until it has said WATCHDOG=1 once or its period is over. Says on host.io which periods are longer
// than that. Throws as WaitUntilStarted.
void WaitUntilSettled(const Host& host, const InstalledUnits& units);

// Those that anybody looks at: all but those without a check by "none".
InstalledUnits Watched(InstalledUnits units);

// How long the two waits may take together, and the hooks with them.
std::chrono::seconds LongestWait(const InstalledUnits& units, Timeout timeout);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HEALTH_HEALTH_H_
