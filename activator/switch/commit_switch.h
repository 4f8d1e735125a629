// Step 8 of a switch whose `to` was found healthy. The switch and recovery both call it, any number
// of times.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_COMMIT_SWITCH_H_
#define SLIPWAY_ACTIVATOR_SWITCH_COMMIT_SWITCH_H_

#include "activator/host/host.h"
#include "activator/state/switch_record.h"

namespace activator {

// Appends the history, marks the generations, removes links of units that `to` has not, and at last
// the switch record, which must say kHealthy.
void CommitSwitch(const Host& host, const SwitchRecord& record);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_COMMIT_SWITCH_H_
