// Finds, on this machine, the static program `activate` that imgpush uploads to hosts.
#ifndef SLIPWAY_PUSHER_SSH_AGENT_BINARY_H_
#define SLIPWAY_PUSHER_SSH_AGENT_BINARY_H_

#include <cstdint>
#include <string>

#include "base/digest.h"

namespace pusher {

struct AgentBinary {
  std::string path;
  uint64_t size_bytes = 0;
  base::Sha256 sha256;
  std::string architecture;  // as uname -m gives it; empty where the file does not tell
};

// $SLIPWAY_AGENT, `activate` beside this program, or ../libexec/slipway/activate from there. Throws
// Error{kFailed} that names the places where there is none.
AgentBinary FindAgent();

// What starts `activate` on this machine: its name where that is ours, else its path beside this
// program.
std::string ActivateProgram();

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_AGENT_BINARY_H_
