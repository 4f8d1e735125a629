// Restarts services behind their sockets, each in one job of systemd, so that the sockets stay
// open.
#ifndef SLIPWAY_ACTIVATOR_HEALTH_RESTART_H_
#define SLIPWAY_ACTIVATOR_HEALTH_RESTART_H_

#include "activator/host/host.h"

namespace activator {

// Restarts the units (UnitDifference::in_place) and waits until what ran in each is gone, as long
// as StopUnits would (StopEscalation). A service is restarted once, a socket among them with its
// service. Whether what comes after is up is for WaitUntilStarted. Throws Error{kFailed} where a
// unit still runs as before.
void RestartInPlace(const Host& host, const UnitNames& units);

// The same without waiting.
void QueueRestartInPlace(const Host& host, const UnitNames& units);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HEALTH_RESTART_H_
