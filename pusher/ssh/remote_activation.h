// Activates a staged generation on a host, over the connection of its push or a new one. The
// host's `activate` runs the switch in a unit of its own, so a lost connection changes
// nothing there. Asked again under the same id, `activate` follows the switch, or reports its
// outcome.
#ifndef SLIPWAY_PUSHER_SSH_REMOTE_ACTIVATION_H_
#define SLIPWAY_PUSHER_SSH_REMOTE_ACTIVATION_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/destination.h"
#include "pusher/ssh/remote.h"

namespace pusher {

struct RemoteActivation {
  uint64_t generation = 0;
  std::optional<uint64_t> lock_wait_seconds;
  // The host goes back unless it is reached so soon over a new connection; which is done.
  std::optional<uint64_t> confirm_within_seconds{};
  std::chrono::milliseconds patience{std::chrono::minutes(5)};  // for a host that does not answer
  std::function<void(const std::string& line)> show;            // told each line that it says
};

struct RemoteActivationResult {
  std::optional<base::Error> error;  // with `activate`'s code; nullopt: active and healthy
  uint64_t running = 0;              // the generation that the host runs now; 0: none
};

// `open`: of a push that is done, or null; where it is lost, others are made.
// Throws Error{kUnreachable} where the host was not reached before anything began,
// Error{kNeedsAttention} where it was lost and did not come back within the patience,
// Error{kInterrupted} where we are interrupted: what began goes on there.
RemoteActivationResult ActivateOn(const Destination& target, const RemoteOptions& options,
                                  const AgentBinary& agent, const RemoteActivation& request,
                                  Connection* open = nullptr);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_REMOTE_ACTIVATION_H_
