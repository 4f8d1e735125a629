#include "pusher/ssh/remote.h"

#include <algorithm>
#include <csignal>
#include <optional>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/ssh_command.h"
#include "pusher/protocol/gate_words.h"
#include "pusher/protocol/protocol.h"

namespace pusher {
namespace {

constexpr int kSshFailed = 255;
constexpr int kSignalExit = 128;
// Together with the last words of Push (2 s) and kEndLimit, a dead link costs less than 30 s; ssh's
// own probes below find one after 20 s, a host's agent is heard of every 5 s.
constexpr std::chrono::seconds kIdleLimit(25);
constexpr std::chrono::seconds kEndLimit(2);
constexpr std::chrono::seconds kSlowLogin(2);

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

// Shows what `text` has more of than what was shown, by whole lines.
void ShowNew(const std::string& host, const std::string& text, size_t& shown,
             const std::function<void(const std::string& line)>& show) {
  shown = std::min(shown, text.size());  // its beginning is dropped when it is long
  for (size_t end = text.find('\n', shown); end != std::string::npos;
       end = text.find('\n', shown)) {
    show(host + ": " + Printable(text.substr(shown, end - shown)));
    shown = end + 1;
  }
}

}  // namespace

Connection::Connection(const Destination& target, const RemoteOptions& options,
                       const std::string& command, const std::vector<std::string>& folder_command)
    : name_(target.name),
      by_ssh_(FolderOf(target.destination).empty()),
      options_(options),
      child_(by_ssh_ ? base::SshCommandLine(target.destination, options.ssh, command,
                                            options.connect_timeout, options.may_ask, options.alone)
                     : folder_command,
             base::ChildError::kPiped),
      stream_(child_.from(), child_.to(), StreamOptionsFor()) {
  login_.talk.password = options.host.sudo_password;
}

StreamOptions Connection::StreamOptionsFor() {
  StreamOptions out;
  out.peer = name_;
  out.read_while_writing = true;
  out.diagnostics = child_.error();
  out.rate = options_.rate;
  out.idle_limit = kIdleLimit;
  if (by_ssh_) {
    out.idle_limit = options_.login_limit;
    out.drip_limit += out.idle_limit;  // one that prints meanwhile is waited for as well
    out.while_waiting = [this] { ShowLogin(); };
  }
  return out;
}

void Connection::Answered() {
  login_.answered = true;
  login_.talk.password.reset();  // nothing asks from here on
  stream_.SetLimits(kIdleLimit, StreamOptions().drip_limit);
}

// A page that somebody must open in a browser, a question that a key waits for.
void Connection::ShowLogin() {
  if (login_.answered || !options_.show || std::chrono::steady_clock::now() - start_ < kSlowLogin) {
    return;
  }
  ShowNew(name_, stream_.Diagnostics(), shown_errors_, options_.show);
  ShowNew(name_, login_.printed, shown_printed_, options_.show);
  if (shown_errors_ + shown_printed_ == 0 && !hinted_) {  // ssh says so only to a terminal
    hinted_ = true;
    options_.show(name_ + ": ssh is logging in; a security key may wait for a touch");
  }
}

base::Error Connection::ExplainLoginEnd(std::optional<int> exit_code) {
  const LoginFailure failure = ExplainLogin(stream_.Diagnostics(), login_.printed);
  const std::string colon = failure.text.empty() ? "" : ": ";
  if (!exit_code && std::chrono::steady_clock::now() - start_ >= options_.login_limit) {
    return {base::ExitCode::kUnreachable,
            fmt::format("{}: the login took longer than {} s (--connect-timeout){}{}", name_,
                        options_.login_limit.count(), colon, failure.text)};
  }
  if (!exit_code) {
    return {base::ExitCode::kUnreachable,
            fmt::format("{}: ssh closed the connection, and does not end{}{}", name_, colon,
                        failure.text)};
  }
  if (*exit_code == kSshFailed) {
    may_pass_ = !failure.lasts;
    return {base::ExitCode::kUnreachable,
            fmt::format("{}: the connection failed: {}", name_,
                        failure.text.empty() ? "ssh does not say why" : failure.text)};
  }
  return {base::ExitCode::kUnreachable,
          fmt::format("{}: the login ended with {}{}{}", name_, *exit_code,
                      failure.text.empty() ? " before our program ran there" : ": ", failure.text)};
}

base::Error Connection::Explain(const base::Error& error) {
  base::Error interrupted{base::ExitCode::kInterrupted, "interrupted"};
  if (base::Interrupted()) {  // the terminal interrupts ssh as well, which looks like a lost link
    return interrupted;
  }
  if (error.code() != base::ExitCode::kUnreachable) {
    return error;
  }
  const std::optional<int> exit_code = child_.WaitFor(kEndLimit);
  // ssh may have had the signal before us.
  const bool silent = exit_code == kSshFailed && stream_.Diagnostics().empty();
  if ((silent || exit_code == kSignalExit + SIGINT) && base::InterruptedWithinASecond()) {
    return interrupted;
  }
  if (by_ssh_ && !login_.answered) {
    return ExplainLoginEnd(exit_code);
  }
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

void Connection::Fail(const base::Error& error) {
  const base::Error why = Explain(error);
  if (may_pass_) {
    throw NotReached(why);
  }
  throw why;
}

void Connection::Close() {
  child_.CloseTo();
  stream_.ReadToEnd(kEndLimit);
  child_.WaitFor(kEndLimit);
  stream_.Diagnostics();  // its last lines, for the log
}

Remote::Remote(const Destination& target, const RemoteOptions& options, const Agents& agents)
    : connection_(
          target, options,
          target.gate ? GateCommandLine(kGateReceive) : BootstrapCommand(agents, options.host),
          ReceiveInFolder(target.destination, options.host, agents.front())),
      wire_(connection_.stream()),
      chosen_{&agents.front(), 0} {
  if (!connection_.by_ssh()) {
    return;
  }
  try {
    if (target.gate) {
      PassGate(connection_.stream(), connection_.login());
    } else {
      chosen_ = RunBootstrap(connection_.stream(), agents, connection_.login());
    }
    connection_.Answered();
  } catch (const base::Error& error) {
    connection_.Fail(error);
  }
}

}  // namespace pusher
