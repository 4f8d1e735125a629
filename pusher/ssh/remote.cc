#include "pusher/ssh/remote.h"

#include <algorithm>
#include <optional>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/ssh_command.h"
#include "pusher/protocol/protocol.h"

namespace pusher {
namespace {

constexpr int kSshFailed = 255;
constexpr int kSignalExit = 128;
// Together with the last words of Push (2 s) and kEndLimit, a dead link costs less than 30 s; ssh's
// own probes below find one after 20 s, a host's agent is heard of every 5 s.
constexpr std::chrono::seconds kIdleLimit(25);
constexpr std::chrono::seconds kEndLimit(2);

std::vector<std::string> ReceiveInFolder(const std::string& destination, const AgentOptions& host,
                                         const AgentBinary& agent) {
  std::vector<std::string> out = {agent.path, "receive", "--root", FolderOf(destination),
                                  "--dir",    "--by",    host.by};
  if (base::CurrentLogLevel() != base::kDefaultLogLevel) {
    out.insert(out.end(), {"--log-level", base::ToText(base::CurrentLogLevel())});
  }
  out.insert(out.end(), host.agent_arguments.begin(), host.agent_arguments.end());
  return out;
}

StreamOptions OptionsFor(const std::string& name, int diagnostics) {
  StreamOptions out;
  out.peer = name;
  out.read_while_writing = true;
  out.diagnostics = diagnostics;
  out.idle_limit = kIdleLimit;
  return out;
}

}  // namespace

Connection::Connection(const Destination& target, const RemoteOptions& options,
                       const std::string& command, const std::vector<std::string>& folder_command)
    : name_(target.name),
      by_ssh_(FolderOf(target.destination).empty()),
      child_(
          by_ssh_ ? base::SshCommandLine(target.destination, options.ssh, command) : folder_command,
          base::ChildError::kPiped),
      stream_(child_.from(), child_.to(), OptionsFor(target.name, child_.error())) {}

base::Error Connection::Explain(const base::Error& error) {
  if (base::Interrupted()) {  // the terminal interrupts ssh as well, which looks like a lost link
    return {base::ExitCode::kInterrupted, "interrupted"};
  }
  if (error.code() != base::ExitCode::kUnreachable) {
    return error;
  }
  const std::optional<int> exit_code = child_.WaitFor(kEndLimit);
  std::string said = Printable(base::LastLines(stream_.Diagnostics(), 1));
  said.erase(said.find_last_not_of(' ') + 1);  // ssh ends its lines with a carriage return too
  if (by_ssh_ && exit_code == kSshFailed && said.empty()) {  // its LogLevel may be low
    said = "ssh does not say why";
  }
  if (!exit_code || *exit_code == 0 || said.empty() ||
      *exit_code == static_cast<int>(base::ExitCode::kUnreachable)) {  // the agent lost us as well
    return error;
  }
  const bool killed = *exit_code > kSignalExit && *exit_code != kSshFailed;
  if (killed || (by_ssh_ && *exit_code == kSshFailed)) {
    return {base::ExitCode::kUnreachable,
            fmt::format("{}: the connection failed: {}", name_, said)};
  }
  return {base::ExitCode::kFailed,
          fmt::format("{}: the agent ended with {}: {}", name_, *exit_code, said)};
}

void Connection::Close() {
  child_.CloseTo();
  stream_.ReadToEnd(kEndLimit);
  child_.WaitFor(kEndLimit);
  stream_.Diagnostics();  // its last lines, for the log
}

Remote::Remote(const Destination& target, const RemoteOptions& options, const AgentBinary& agent)
    : connection_(target, options, BootstrapCommand(agent, options.host),
                  ReceiveInFolder(target.destination, options.host, agent)),
      wire_(connection_.stream()) {
  if (!connection_.by_ssh()) {
    return;
  }
  try {
    start_ = RunBootstrap(connection_.stream(), agent);
  } catch (const base::Error& error) {
    throw Explain(error);
  }
}

}  // namespace pusher
