// Switches from the active generation to another, in eight steps. docs/crash-safety.md says what a
// crash at each step leaves, and what recovery does.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_SWITCH_H_
#define SLIPWAY_ACTIVATOR_SWITCH_SWITCH_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "activator/health/health.h"
#include "activator/host/host.h"

namespace activator {

struct SwitchRequest {
  std::string activation_id;
  uint64_t from = 0;
  uint64_t to = 0;
  bool is_rollback = false;
  std::string by;
  Timeout timeout;
  std::string what{};                      // was asked for, for the history
  std::chrono::seconds confirm_within{0};  // confirmation.h; 0: nobody needs to
};

// The caller holds the host's lock, has recovered, and has checked `to` (preflight.h). Returns when
// `to` is active, and what changed is healthy: the units that it watched. Otherwise goes back and
// throws: Error{kRolledBack} where `from` runs again, Error{kNeedsAttention} where it does not or
// nobody knows.
UnitNames RunSwitch(const Host& host, const SwitchRequest& request);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_SWITCH_H_
