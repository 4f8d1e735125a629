// Finds what of the active generation does not run as it should, and starts it: what is down, and
// what runs from another image than the one that is there, as after a repair.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_START_AGAIN_H_
#define SLIPWAY_ACTIVATOR_SWITCH_START_AGAIN_H_

#include <cstdint>

#include "activator/health/health.h"
#include "activator/host/host.h"
#include "activator/host/installed_units.h"

namespace activator {

// What an activation of the active generation starts, or waits for.
struct ToStart {
  UnitNames down;
  UnitNames starting;  // or stopping
  UnitNames of_another_image;
  // Likewise, or from a device that has met damage while its image is whole by now; and all that
  // shares such a device with them.
  UnitNames of_another_device;
  UnitNames All() const { return down + starting + of_another_image + of_another_device; }
};

// `all`: the units of the active generation.
ToStart FindWhatToStart(const Host& host, const InstalledUnits& all);

// Returns what it started or waited for, also what had to stop along. What was up and had to be
// stopped is started again whatever happens. Throws Error{kNeedsAttention}.
UnitNames StartAgain(const Host& host, uint64_t active, const InstalledUnits& all,
                     const ToStart& to_start, Timeout timeout);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_START_AGAIN_H_
