// The small POSIX sh program that ssh runs on a host: it checks that ROOT is safe, puts the agent
// there where it is missing, and becomes the agent. The host needs sh and coreutils.
#ifndef SLIPWAY_PUSHER_BOOTSTRAP_H_
#define SLIPWAY_PUSHER_BOOTSTRAP_H_

#include <string>
#include <vector>

#include "pusher/agent_binary.h"
#include "pusher/stream.h"

namespace pusher {

// Throws Error{kUsage} unless `root` is an absolute path of plain components below "/".
void CheckRoot(const std::string& root);

// What the host's login shell is given, one line of words quoted for any of sh, bash, zsh, fish.
std::string BootstrapCommand(const AgentBinary& agent, const std::string& root,
                             const std::string& by);

// Talks to the program until the agent's own greeting comes next. Lines that a login shell prints
// before are passed over. Returns the bytes of the agent that were sent: 0 where it was there.
// Throws Error{kFailed} with what the host refused, Error{kUnreachable} where the stream ends.
uint64_t RunBootstrap(Stream& stream, const AgentBinary& agent);

// 'text' so that a shell takes it as it stands.
std::string ShellQuoted(const std::string& text);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_BOOTSTRAP_H_
