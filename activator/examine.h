// What a host can do for us, for `imgpush doctor`. Changes nothing, and nothing has to be there.
#ifndef SLIPWAY_ACTIVATOR_EXAMINE_H_
#define SLIPWAY_ACTIVATOR_EXAMINE_H_

#include <string>

#include "activator/host/host.h"

namespace activator {

// Writes the facts that pusher/diagnosis.h judges to host.io, a line each: "SLIPWAY1 FACT KEY TEXT"
// (pusher/ssh/examination.h). The key of a check that a push or a switch makes, and that finds
// something, ends in "-problem"; its text says what to do. `agent_directory`: where the agent would
// be stored. Enters a mount namespace of its own.
void Examine(const Host& host, const std::string& agent_directory);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_EXAMINE_H_
