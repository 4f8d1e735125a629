// The boot unit's work, at boot or by hand: recovers a switch that was cut off, and starts the
// current generation. Rendered units are ordered after it, so a generation that panicked the
// machine while it was tried is not started again.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_BOOT_H_
#define SLIPWAY_ACTIVATOR_SWITCH_BOOT_H_

#include "activator/host/host.h"

namespace activator {

// Recovers, repairs `current` and the links, reloads where systemd has not seen the units, and
// queues the start of all, without waiting for any. A problem with one unit holds up that one
// alone; the first is thrown at the end. The caller holds the lock.
void RunBoot(const Host& host);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_BOOT_H_
