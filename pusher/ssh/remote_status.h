// Asks a host whether the services of its active generation are up.
#ifndef SLIPWAY_PUSHER_SSH_REMOTE_STATUS_H_
#define SLIPWAY_PUSHER_SSH_REMOTE_STATUS_H_

#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/destination.h"
#include "pusher/ssh/remote.h"

namespace pusher {

// By the agent of a push, over a connection of its own. Throws Error{kNeedsAttention} where one is
// down, Error{kUnreachable} where the host was not reached. A folder runs nothing, and is not
// asked.
void RequireServicesUp(const Destination& target, const RemoteOptions& options,
                       const AgentBinary& agent);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_REMOTE_STATUS_H_
