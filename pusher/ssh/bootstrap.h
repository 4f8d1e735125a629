// The small POSIX sh programs that ssh runs on a host. The first becomes root where the login is
// not; the second checks that ROOT is safe, stores the agent if it is missing, runs its `receive`
// and then activates a generation if it is told to. The host needs sh and coreutils or busybox, and
// sudo or doas where the login is not root.
#ifndef SLIPWAY_PUSHER_SSH_BOOTSTRAP_H_
#define SLIPWAY_PUSHER_SSH_BOOTSTRAP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ssh_command.h"
#include "hosts/sudo_password.h"
#include "pusher/protocol/stream.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/login.h"

namespace pusher {

// What a push needs to know of the host's side.
struct AgentOptions {
  std::string root;
  std::string by;                            // who pushes, for the record
  std::string other_agent_directory;         // empty: ROOT/bin
  std::vector<std::string> agent_arguments;  // for `activate receive`, after --root and --by
  bool activates = false;                    // what was pushed, over the same connection
  std::shared_ptr<hosts::SudoPassword> sudo_password{};  // null: sudo must not ask for one

  std::string agent_directory() const {
    return other_agent_directory.empty() ? root + "/bin" : other_agent_directory;
  }
};

// Throws Error{kUsage} unless `path` is an absolute path of plain components below "/".
void CheckHostPath(const std::string& path, std::string_view option);

// `program` with the level of our log for the `activate` that it runs, whose lines then come back
// over ssh's standard error. As a variable, which an older one passes over.
std::string WithLogLevel(std::string_view program);

// What the host's login shell is given, one line that any takes: `program` runs as root, with where
// the connection comes from as $1 and `words` after it.
std::string CommandAsRoot(std::string_view program, const std::vector<std::string>& words,
                          const AgentOptions& host);

// Where the agent is on the host.
std::string AgentPath(const AgentBinary& agent, const AgentOptions& host);

// Whether the word is of the login itself (hosts::LoginTalk). Sends the password where it asks for
// that.
bool TakeLoginWord(Stream& stream, Login& login, std::string_view word);

// The next line that a program says that is for the caller, without the magic; "" where the stream
// ended.
std::string NextWord(Stream& stream, Login& login);

// The agent that a word such as "NEED aarch64" names; null where it is of another kind than `kind`,
// or names one that we do not have.
const AgentBinary* AgentIn(std::string_view word, std::string_view kind, const Agents& agents);

// "MACHINE DIGEST SIZE ...", as the programs on a host read what they may ask for.
std::string OfferOf(const Agents& agents);

// All of the agent. Throws Error{kUnreachable} where the program stopped reading.
void SendAgent(Stream& stream, const AgentBinary& agent);

// The same of a program that was asked for, and the word after it. Throws what the host says where
// it stops reading.
std::string SendForWord(Stream& stream, Login& login, const AgentBinary& program);

// Throws what the word says that was not expected: what the program refused, or that it ended.
[[noreturn]] void FailAs(const Stream& stream, const std::string& word,
                         base::ExitCode refused = base::ExitCode::kFailed);

// A command that runs `first` as the login, after hosts::kWayToRoot, and gives it the text of
// `program`, after the other parts of host_checks.h, in $program; "$@" is what that takes.
std::string HostCommand(std::string_view first, std::string_view program, const Agents& agents,
                        const AgentOptions& host);

// A command that stores the agent if it is missing, as RunBootstrap() hears, and then runs
// `program` of sh with it in $agent and the options' agent_arguments in "$@".
std::string AgentCommand(std::string_view program, const Agents& agents, const AgentOptions& host);

// The command that runs the agent's `receive`.
std::string BootstrapCommand(const Agents& agents, const AgentOptions& host);

struct ChosenAgent {
  const AgentBinary* agent = nullptr;  // of those that were given
  uint64_t sent_bytes = 0;             // 0: it was there
};

// Talks to the programs until the agent's own greeting comes next. Lines that a login shell prints
// before go to `login`. Returns the agent that fits the host. Throws Error{kFailed} with what the
// host refused, Error{kUnreachable} where the stream ends.
ChosenAgent RunBootstrap(Stream& stream, const Agents& agents, Login& login);

// Talks to a gate until its agent's greeting comes next. Throws Error{kVerification} with what the
// gate refused, Error{kUnreachable} where the stream ends.
void PassGate(Stream& stream, Login& login);

using base::ShellQuoted;

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_BOOTSTRAP_H_
