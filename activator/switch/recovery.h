// Recovers from a switch that was cut off: finishes it if it was healthy, and undoes it otherwise.
// The boot and every command that changes something do this first, under the host's lock.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_RECOVERY_H_
#define SLIPWAY_ACTIVATOR_SWITCH_RECOVERY_H_

#include <string>

#include "activator/host/host.h"
#include "activator/switch/rollback.h"

namespace activator {

struct Recovery {
  std::string done;              // one sentence for people; empty where there was nothing to do
  bool is_up = true;             // false: the services of what is active did not come up
  base::Error::Detail detail{};  // why not
};

// Throws Error{kNeedsAttention} where it could not be done.
Recovery Recover(const Host& host, RecoveryMode mode);

// The same, and says what was done. Throws also where services did not come up, and then says what
// `else_done` is: what the command did besides.
void RecoverOrFail(const Host& host, const std::string& else_done = "Nothing else was done");

// The same before a prune: false where nothing but room on the disk was missing, so that the prune
// should make some first; the record of the switch is still there.
bool RecoverIfRoom(const Host& host);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_RECOVERY_H_
