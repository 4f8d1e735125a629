// Asks a host whether what was activated there still runs, and is healthy.
#ifndef SLIPWAY_PUSHER_SSH_REMOTE_STATUS_H_
#define SLIPWAY_PUSHER_SSH_REMOTE_STATUS_H_

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/destination.h"
#include "pusher/ssh/remote.h"

namespace pusher {

struct HostHealth {
  uint64_t running = 0;  // the active generation; 0: none
  // kNeedsAttention: that is not `generation`, a service is down or its check does not pass, or a
  // switch was cut off; kBusy: a switch is in progress. Drift alone is no error: an operator may
  // have made that long before.
  std::optional<base::Error> error;
};

// By the `status --check` of a push's agent, over a connection of its own. A folder runs nothing,
// and is not asked. Throws NotReached or another Error{kUnreachable} where the host did not answer.
HostHealth AskHealth(const Destination& target, const RemoteOptions& options,
                     const AgentBinary& agent, uint64_t generation);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_REMOTE_STATUS_H_
