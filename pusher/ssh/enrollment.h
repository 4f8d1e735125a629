// Enrolls a host: makes it pull channels by itself, and has it poll now. The host's `activate
// enroll` does the work; what it is told, which may hold a key to the store, goes to its standard
// input and is never an argument.
#ifndef SLIPWAY_PUSHER_SSH_ENROLLMENT_H_
#define SLIPWAY_PUSHER_SSH_ENROLLMENT_H_

#include <functional>
#include <optional>
#include <string>

#include "base/digest.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/destination.h"
#include "pusher/ssh/remote.h"

namespace pusher {

// A run of slipway-pull.service.
struct Poll {
  int exit_code = 0;
  std::string said;  // its last line, printable; or why it could not be started
};

struct EnrollRequest {
  // One line for `activate enroll`, of the program that the host is to fetch with.
  std::function<std::string(const base::Sha256& fetch)> document;
  bool polls = true;  // once it is enrolled
};

// Returns once the host says that its timer is active, with the poll that was asked for. All throw
// NotReached or another Error as Remote does; Error with `activate enroll`'s own code where that
// refuses.
std::optional<Poll> Enroll(const Destination& target, const RemoteOptions& options,
                           const Agents& agents, const Agents& fetchers,
                           const EnrollRequest& request);

// Undoes it.
void Unenroll(const Destination& target, const RemoteOptions& options, const Agents& agents);

// Has an enrolled host poll now, and waits for the end. Throws Error{kFailed} where it is not
// enrolled.
Poll Poke(const Destination& target, const RemoteOptions& options);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_ENROLLMENT_H_
