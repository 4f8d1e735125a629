// A push by a gate, in two processes. The first, which talks to the sender, unpacks and decodes, is
// shut in (activator/os/confinement.h) and can write in ROOT/incoming alone. The second, root as
// before, checks releases when the first asks it to, and publishes once the first has ended, after
// it has looked at everything again.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_CONFINED_RECEIVE_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_CONFINED_RECEIVE_H_

#include "activator/receive/receive_session.h"
#include "base/io.h"

namespace activator {

// As RunReceiveWith, for `options` with a gate. A plan is made without what only the second process
// could ask: other programs, and checks of the host.
int RunConfinedReceive(const ReceiveOptions& options, const ReceiveSteps& steps,
                       const base::Io& io);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_CONFINED_RECEIVE_H_
