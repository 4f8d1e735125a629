// Rolls a failed switch back to what ran before it. The switch and recovery both call it. Every
// step is idempotent; after a crash the rollback simply reruns.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_ROLLBACK_H_
#define SLIPWAY_ACTIVATOR_SWITCH_ROLLBACK_H_

#include <exception>
#include <string>

#include "activator/host/host.h"
#include "activator/state/switch_record.h"
#include "base/error.h"

namespace activator {

enum class RecoveryMode {
  kRestart,  // stop what `to` runs, start what `from` ran, and wait until it is up
  kAtBoot,   // stop what `to` runs, which is nothing unless the boot unit is started by hand; the
             // caller queues the start: waiting for it would be waiting for ourselves
};

struct RollbackResult {
  bool is_up = false;            // `from` runs again (nothing to run: true)
  std::string problem{};         // why not
  base::Error::Detail detail{};  // of the problem
  Event event{};                 // as the history has it
};

// Afterwards the links and `current` are those of `from`, `to` is marked with what `why` says, but
// not its detail, and the switch record is gone. Throws Error{kNeedsAttention} where a part of that
// failed: the record then stays, and the next recovery does it again.
RollbackResult RollBack(const Host& host, SwitchRecord record, const std::exception& why,
                        RecoveryMode mode);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_ROLLBACK_H_
