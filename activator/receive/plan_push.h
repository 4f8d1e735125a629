// Says what staging the images of a push would change here. Changes nothing.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_PLAN_PUSH_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_PLAN_PUSH_H_

#include <functional>

#include "activator/os/systemd.h"
#include "activator/stage/stage.h"
#include "activator/state/generation.h"
#include "images/version/host_layout.h"
#include "pusher/protocol/planned.h"

namespace activator {

// Throws why activating these applications would be refused; `coming` are those on their way.
using PlanCheck = std::function<void(const Apps& apps, const PendingManifests& coming)>;

// Everything but the room that it takes. `systemd` is asked what else stops along; nullptr: nobody
// is. Throws what StageGeneration would throw; what `check` throws is part of the plan.
pusher::Planned PlanPush(const images::HostLayout& layout, const PendingManifests& coming,
                         Systemd* systemd, const PlanCheck& check = nullptr);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_PLAN_PUSH_H_
