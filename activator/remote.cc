#include "activator/remote.h"

#include <poll.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "activator/switch/transient.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/ssh_command.h"
#include "base/sys.h"
#include "hosts/way_to_root.h"
#include "pusher/protocol/lost_link.h"

namespace activator {
namespace {

constexpr int kSshFailed = 255;
constexpr int kSignalExit = 128;
constexpr int kInterruptedThere = 130;
constexpr int kPollMs = 200;
constexpr size_t kMaxBannerBytes = 64 << 10;
constexpr std::string_view kStarted = "SLIPWAY1 STARTED\n";

// After hosts::kWayToRoot: says that it begins, after what a login shell may have printed, and
// becomes `activate`. A login may be allowed to run that alone as root.
constexpr const char* kProgram = R"sh(
agent=$1 needs_root=$2 ask=
shift 2
fail() { echo "activate: error: $*" >&2; exit 1; }
echo
echo "SLIPWAY1 STARTED"
[ -e "$agent" ] || fail "there is no $agent on this host: push to it first, or give its --root"
[ -x "$agent" ] ||
  fail "no program can run in ${agent%/*}, which is mounted noexec: push once more with" \
    "--agent-dir and another directory, such as /usr/local/lib/slipway"
[ "$(id -u)" = 0 ] && exec "$agent" "$@"
sudo -n "$agent" --version >/dev/null 2>&1 </dev/null && exec sudo -n "$agent" "$@"
refuse() { [ "$needs_root" = no ] || fail "$@"; }
find_way || exec "$agent" "$@"
exec $way sh -c "exec \"\$0\" \"\$@\"" "$agent" "$@"
)sh";

bool NeedsRoot(const CommandLine& line) {
  return MayChange(line) || line.command == Command::kBoot || line.command == Command::kAfterBoot ||
         line.command == Command::kReceive || line.command == Command::kRunSwitch;
}

// One turn of reading what poll found; false: there was nothing.
bool Drain(pollfd& from, const std::function<void(std::string_view piece)>& take) {
  if (from.fd < 0 || from.revents == 0) {
    return false;
  }
  std::array<char, 16 << 10> buffer;
  const ssize_t size = base::TheSys().Read(from.fd, buffer.data(), buffer.size());
  if (size > 0) {
    take(std::string_view(buffer.data(), static_cast<size_t>(size)));
  } else if (size == 0 || errno != EINTR) {
    from.fd = -1;  // poll passes it over
  }
  return true;
}

class RemoteCommand {
 public:
  RemoteCommand(const CommandLine& line, std::vector<std::string> arguments, const RemoteHost& host,
                const RemoteOutput& output)
      : line_(line), arguments_(std::move(arguments)), host_(host), output_(output) {}

  // ssh's exit code.
  int Run();
  bool started() const { return started_; }  // in the last run
  bool begun() const { return begun_; }      // in any

 private:
  std::string Command() const;
  void Take(std::string_view data);

  const CommandLine& line_;
  const std::vector<std::string> arguments_;
  const RemoteHost& host_;
  const RemoteOutput& output_;
  bool started_ = false;
  bool begun_ = false;
  std::string banner_;  // what came before it started
};

std::string RemoteCommand::Command() const {
  std::vector<std::string> words = {host_.root + "/bin/activate", NeedsRoot(line_) ? "yes" : "no"};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  return base::ShellCommand(std::string(hosts::kWayToRoot) + kProgram, "", words);
}

void RemoteCommand::Take(std::string_view data) {
  if (started_) {
    output_.out(data);
    return;
  }
  banner_ += data;
  const size_t at = banner_.find(kStarted);
  if (at != std::string::npos) {
    started_ = begun_ = true;
    output_.out(std::string_view(banner_).substr(at + kStarted.size()));
    banner_.clear();
  } else if (banner_.size() > kMaxBannerBytes) {
    base::Fail(base::ExitCode::kFailed, "{} prints endlessly before it answers", host_.name);
  }
}

int RemoteCommand::Run() {
  started_ = false;
  banner_.clear();
  base::Child ssh(base::SshCommandLine(host_.destination, line_.ssh, Command()),
                  output_.err ? base::ChildError::kPiped : base::ChildError::kOurs);
  if (!Follows(line_)) {
    ssh.CloseTo();  // else its end is how the host learns of ours
  }
  const base::UniqueFd ended = ssh.Ended();
  std::array<pollfd, 4> from = {pollfd{ssh.from(), POLLIN, 0}, pollfd{ssh.error(), POLLIN, 0},
                                pollfd{ended.get(), POLLIN, 0},
                                pollfd{Follows(line_) ? output_.listener : -1, 0, 0}};
  // A connection that is shared (ControlPersist) may hold the pipes after ssh's end: what is in
  // them then is all.
  for (bool has_ended = false;;) {
    base::ThrowIfInterrupted();
    if (::poll(from.data(), from.size(), has_ended ? 0 : kPollMs) < 0) {
      continue;
    }
    if (from[3].revents != 0) {
      base::FailErrno(EPIPE, "standard output");
    }
    bool more = Drain(from[0], [this](std::string_view piece) { Take(piece); });
    more = Drain(from[1], output_.err) || more;
    if (has_ended && !more) {
      break;
    }
    if (from[2].revents != 0) {
      has_ended = true;
      from[2].fd = -1;  // poll passes it over
    }
  }
  const int exit_code = ssh.Wait();
  // The terminal interrupts ssh as well, perhaps before us.
  if (Follows(line_) && (exit_code == kSshFailed || exit_code > kSignalExit)) {
    base::InterruptedWithinASecond();
  }
  base::ThrowIfInterrupted();
  return exit_code;
}

// The process that followed the switch ended, or the link did; not the switch.
bool IsLost(int exit_code) { return exit_code > kSignalExit && exit_code != kInterruptedThere; }

int FollowSwitch(RemoteCommand& command, const RemoteHost& host, const RemoteOutput& output,
                 std::chrono::milliseconds patience) {
  pusher::LostLink link(patience, "a generation", [&](const std::string& line) {
    output.say(fmt::format("activate: {}: {}", host.name, line));
  });
  for (;;) {
    const int exit_code = command.Run();
    if (!command.begun() || !IsLost(exit_code)) {
      return exit_code;
    }
    link.Wait(fmt::format("ssh ended with {}", exit_code),
              command.started() && exit_code == kSshFailed);
  }
}

}  // namespace

bool IsSwitch(const CommandLine& line) {
  return line.command == Command::kActivate && !line.dry_run;
}

bool MayChange(const CommandLine& line) {
  return line.command == Command::kActivate || line.command == Command::kPrune ||
         line.command == Command::kUninstall || line.verify.repair;
}

bool Follows(const CommandLine& line) { return line.history.follow || line.logs.follow; }

int RunOnHost(const CommandLine& line, std::vector<std::string> arguments, const RemoteHost& host,
              const RemoteOutput& output, std::chrono::milliseconds patience) {
  if (IsSwitch(line) && line.activation_id.empty()) {
    arguments.insert(arguments.begin(), {"--id", NewActivationId()});
  }
  if (Follows(line)) {  // in front of a --
    arguments.insert(arguments.begin(), "--until-input-ends");
  }
  RemoteCommand command(line, std::move(arguments), host, output);
  int exit_code = 0;
  try {
    exit_code = IsSwitch(line) ? FollowSwitch(command, host, output, patience) : command.Run();
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted && IsSwitch(line) && command.begun()) {
      pusher::LostLink::FailInterrupted();
    }
    throw;
  }
  if (exit_code == kSshFailed) {
    base::Fail(base::ExitCode::kUnreachable, "{} was not reached, or the connection was lost",
               host.name);
  }
  return exit_code;
}

}  // namespace activator
