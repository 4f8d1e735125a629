// Lost contact: a switch that was asked for with --confirm-within waits, when all is healthy, until
// somebody says over another connection that the host can still be reached. Otherwise it goes back
// by itself: a version may have cut the network that would be needed to undo it.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_CONFIRMATION_H_
#define SLIPWAY_ACTIVATOR_SWITCH_CONFIRMATION_H_

#include <chrono>
#include <optional>
#include <string>

#include "activator/host/host.h"
#include "activator/state/switch_record.h"

namespace activator {

// The switch that waits now. Nothing tells whether it is alive but the host's lock.
std::optional<SwitchRecord> WaitsForConfirmation(const images::HostLayout& layout);

// In the switch, whose record says that it waits. Throws Error{kFailed} where nobody confirmed it
// in time.
void AwaitConfirmation(const Host& host, const SwitchRecord& record, std::chrono::seconds limit);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_CONFIRMATION_H_
