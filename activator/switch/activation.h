// Runs a whole activation on this host, from choosing the generation to the switch.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_ACTIVATION_H_
#define SLIPWAY_ACTIVATOR_SWITCH_ACTIVATION_H_

#include <chrono>
#include <functional>
#include <string>

#include "activator/health/health.h"
#include "activator/host/foreign_units.h"
#include "activator/host/host.h"
#include "activator/stage/choose.h"
#include "activator/switch/require_healthy.h"

namespace activator {

// Throws unless whoever asks may switch from these applications to those. `was_healthy`: the host
// ran them before.
using PermitSwitch = std::function<void(const Apps& from, const Apps& to, bool was_healthy)>;

struct ActivationRequest : ActivationTarget {
  std::string by;
  Timeout timeout;
  std::string activation_id;
  std::string what{};                      // the request as it was typed, for the history
  std::chrono::seconds confirm_within{0};  // confirmation.h; 0: nobody needs to
  UnitConflictPolicy foreign = UnitConflictPolicy::kRefuse;
  PermitSwitch permit{};  // null: root, who may do all
  // Where `permit` is: throws unless the units of others stay as they are; and those that are
  // theirs.
  std::function<void(uint64_t from, uint64_t to)> permit_units{};
  ChooseUnits theirs{};
};

// Recover, choose, rebase, check, switch. The caller holds the host's lock from before until after.
// Says on io.err what it does. Throws Error with the documented codes; a generation that fails the
// checks stays as it is, with the reason, and is tried again when somebody asks again.
void Activate(const Host& host, const ActivationRequest& request);

// What Activate would refuse of the target, found by the same checks; changes nothing and needs no
// lock. Says on io.err what of the active generation it would start. Throws what Activate would.
void Rehearse(const Host& host, const Resolved& target, UnitConflictPolicy foreign);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_ACTIVATION_H_
