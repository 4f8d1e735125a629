// Many hosts at once: a thread and a connection for each that is being worked on.
#ifndef SLIPWAY_PUSHER_FLEET_H_
#define SLIPWAY_PUSHER_FLEET_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "pusher/agent_binary.h"
#include "pusher/arguments.h"
#include "pusher/board.h"
#include "pusher/push_session.h"
#include "pusher/targets.h"

namespace pusher {

struct HostOutcome {
  Target target;
  bool begun = false;  // false: we were interrupted before its turn
  std::optional<base::Error> error;
  bool by_sudo = false;  // the login is not root
  PushResult push;
  uint64_t sent_bytes = 0;
  uint64_t agent_bytes = 0;
  uint64_t image_bytes = 0;
  double seconds = 0;
  std::optional<uint64_t> running;  // the generation, where it was to be activated and we know
  bool switch_begun = false;
  double switch_seconds = 0;

  bool pushed() const { return push.staged.generation != 0; }
  int exit_code() const { return error ? static_cast<int>(error->code()) : 0; }
};

// Calls `work` for 0 to count - 1, at most `jobs` at once, each on a thread of its own; no new one
// is begun once we were interrupted. Returns when all have ended; then throws what one of them
// threw.
void ForEachAtOnce(size_t count, size_t jobs, const std::function<void(size_t)>& work);

// Told of each host when it is done, by any thread.
using Reporter = std::function<void(const HostOutcome&)>;

// Pushes to all `targets`; a host that fails does not stop the others.
std::vector<HostOutcome> PushToAll(const std::vector<Target>& targets, const Arguments& arguments,
                                   const AgentBinary& agent, Board& board, const Reporter& report);

// Activates what was staged on the hosts that have no error, each by itself. Those whose turn does
// not come, for we were interrupted, have an error that says so.
void ActivateAll(std::vector<HostOutcome>& outcomes, const Arguments& arguments,
                 const AgentBinary& agent, Board& board, const Reporter& report);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_FLEET_H_
