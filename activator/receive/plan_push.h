// Says what staging the images of a push would change here. Changes nothing.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_PLAN_PUSH_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_PLAN_PUSH_H_

#include "activator/os/systemd.h"
#include "activator/stage/stage.h"
#include "images/version/host_layout.h"
#include "pusher/protocol/planned.h"

namespace activator {

// Everything but the room that it takes. Throws what StageGeneration would throw. `systemd` is
// asked what else stops along; nullptr: nobody is.
pusher::Planned PlanPush(const images::HostLayout& layout, const PendingManifests& coming,
                         Systemd* systemd);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_PLAN_PUSH_H_
