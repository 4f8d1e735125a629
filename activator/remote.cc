#include "activator/remote.h"

#include <poll.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "activator/gate_client.h"
#include "activator/switch/transient.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/printable.h"
#include "base/process.h"
#include "base/ssh_command.h"
#include "base/sys.h"
#include "hosts/operator.h"
#include "hosts/way_to_root.h"
#include "pusher/protocol/failure_line.h"
#include "pusher/protocol/lost_link.h"

namespace activator {
namespace {

constexpr int kSshFailed = 255;
constexpr int kSignalExit = 128;
constexpr int kInterruptedThere = 130;
constexpr int kPollMs = 200;
constexpr std::chrono::seconds kConnectTimeout(10);
constexpr size_t kMaxBannerBytes = 64 << 10;
constexpr std::string_view kOurWord = "SLIPWAY1 ";

// After hosts::kWayToRoot: becomes `activate`, and says before that it begins, after what a login
// shell or sudo may have printed. A login may be allowed to run that alone as root.
constexpr const char* kProgram = R"sh(
agent=$1 needs_root=$2 ask=$3 operator=$4
shift 4
from=${SSH_CONNECTION:-}
from=${from%% *}
# The login is who the host let in, whatever the environment says.
[ -z "$operator" ] ||
  set -- --by "$operator as $(id -un 2>/dev/null || id -u)${from:+ from $from}" "$@"
fail() { echo "activate: error: $*" >&2; exit 1; }
start() { echo; echo "SLIPWAY1 STARTED"; exec "$@"; }
[ -e "$agent" ] || fail "there is no $agent on this host: push to it first, or give its --root"
[ -x "$agent" ] ||
  fail "no program can run in ${agent%/*}, which is mounted noexec: push once more with" \
    "--agent-dir and another directory, such as /usr/local/lib/slipway"
[ "$(id -u)" = 0 ] && start "$agent" "$@"
sudo -n "$agent" --version >/dev/null 2>&1 </dev/null && start sudo -n "$agent" "$@"
refuse() { [ "$needs_root" = no ] || fail "$@"; }
find_way || start "$agent" "$@"
as_root sh -c "echo; echo SLIPWAY1 STARTED; exec \"\$0\" \"\$@\"" "$agent" "$@"
)sh";

bool NeedsRoot(const CommandLine& line) {
  return MayChange(line) || line.command == Command::kSecret || line.command == Command::kBoot ||
         line.command == Command::kAfterBoot || line.command == Command::kReceive ||
         line.command == Command::kRunSwitch;
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
  RemoteCommand(const CommandLine& line, std::vector<std::string> arguments,
                std::string activation_id, const RemoteHost& host, const RemoteOutput& output)
      : line_(line),
        arguments_(std::move(arguments)),
        activation_id_(std::move(activation_id)),
        host_(host),
        output_(output) {}

  // ssh's exit code.
  int Run();
  bool started() const { return started_; }  // in the last run
  bool begun() const { return begun_; }      // in any
  // The switch waits to be confirmed over another connection: the next run's.
  bool is_to_be_confirmed() const { return to_be_confirmed_; }
  void ConfirmNext();
  void AskNoMore() { confirms_now_ = false; }
  bool is_password_wrong() const { return talk_.trial && !talk_.trial->was_right(); }
  // Throws Error{kUnreachable} where the last run ended before a program of ours ran there.
  void CheckThatItRan(int exit_code) const;

 private:
  std::string Command() const;
  // What runs there reads it.
  bool KeepsInput() const { return Follows(line_) || !line_.secret.value.empty(); }
  // ssh, on the terminal. Once a switch began, the person may be gone.
  bool MayAsk() const { return output_.may_ask && (!begun_ || confirms_now_); }
  void BeginLogin();
  void CheckLoginGoesOn() const;
  int EndOf(base::Child& ssh) const;
  void Take(std::string_view data, base::Child& ssh);
  void TakeLine(std::string_view line, base::Child& ssh);
  void TakeToConfirm(std::string_view data);
  void Send(const std::string& answer, base::Child& ssh);

  const CommandLine& line_;
  std::vector<std::string> arguments_;
  const std::string activation_id_;
  const RemoteHost& host_;
  const RemoteOutput& output_;
  bool started_ = false;
  bool begun_ = false;
  bool to_be_confirmed_ = false;
  int confirmations_ = 0;
  bool confirms_now_ = false;  // by this run
  std::string rest_;           // of what came before it started: a line without its end
  std::string said_;           // its last line that is not empty
  size_t banner_bytes_ = 0;
  std::chrono::steady_clock::time_point last_word_;  // of ours; or its beginning
  hosts::LoginTalk talk_;
  GateLines gate_lines_{output_.say};
};

std::string RemoteCommand::Command() const {
  if (host_.gate) {
    return GateCommandFor(line_, activation_id_);
  }
  std::vector<std::string> words = {host_.root + "/bin/activate", NeedsRoot(line_) ? "yes" : "no",
                                    host_.sudo_password ? "yes" : "",
                                    MayChange(line_) && line_.by.empty() ? hosts::Operator() : ""};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  return base::ShellCommand(std::string(hosts::kWayToRoot) + kProgram, "", words);
}

// What is said of the login, before it started.
void RemoteCommand::TakeLine(std::string_view line, base::Child& ssh) {
  if (!line.starts_with(kOurWord)) {
    said_ = line.empty() ? said_ : line;
    return;
  }
  line.remove_prefix(kOurWord.size());
  if (constexpr std::string_view kRefused = "REFUSED "; line.starts_with(kRefused)) {
    base::Fail(host_.gate ? base::ExitCode::kVerification : base::ExitCode::kUsage, "{}: {}",
               host_.name, base::Printable(line.substr(kRefused.size())));
  }
  if (line == "STARTED") {
    started_ = begun_ = true;
    talk_.password.reset();  // nothing asks from here on
    talk_.trial.reset();     // undecided where it is not used: others need not wait for that
    if (!line_.secret.value.empty()) {
      Send(line_.secret.value, ssh);
    }
    if (!Follows(line_)) {
      ssh.CloseTo();  // else its end is how the host learns of ours
    }
  } else if (const auto answer = talk_.Take(host_.name, line); answer && !answer->empty()) {
    Send(*answer, ssh);
    if (line == "PASSWORD" && !KeepsInput()) {
      ssh.CloseTo();  // whatever else is asked has no answer
    }
  }
  last_word_ = std::chrono::steady_clock::now();
}

// One that ended meanwhile is found so soon: that is no reader of ours who is gone.
void RemoteCommand::Send(const std::string& answer, base::Child& ssh) {
  try {
    base::WriteAll(ssh.to(), base::AsBytes(answer), host_.name);
  } catch (const base::Error& error) {
    if (error.error_number() != EPIPE) {
      throw;
    }
  }
}

void RemoteCommand::Take(std::string_view data, base::Child& ssh) {
  for (size_t end = 0; !started_ && (end = data.find('\n')) != std::string_view::npos;) {
    const std::string line = std::exchange(rest_, "").append(data.substr(0, end));
    banner_bytes_ += line.size() + 1;
    data.remove_prefix(end + 1);
    TakeLine(line, ssh);
  }
  if (started_ && host_.gate && IsSwitch(line_)) {
    gate_lines_.Add(data);
    return;
  }
  if (started_ && line_.confirm_within_seconds) {
    TakeToConfirm(data);
    return;
  }
  if (started_) {
    output_.out(data);
    return;
  }
  rest_ += data;
  if (banner_bytes_ + rest_.size() > kMaxBannerBytes) {
    base::Fail(base::ExitCode::kFailed, "{} prints endlessly before it answers", host_.name);
  }
}

// Whole lines: one may be for us.
void RemoteCommand::TakeToConfirm(std::string_view data) {
  rest_ += data;
  size_t begin = 0;
  for (size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(rest_).substr(begin, end + 1 - begin);
    line == pusher::kConfirmLine ? void(to_be_confirmed_ = true) : output_.out(line);
  }
  rest_.erase(0, begin);
}

void RemoteCommand::ConfirmNext() {
  if (++confirmations_ > pusher::kMostConfirmations) {
    base::Fail(base::ExitCode::kNeedsAttention,
               "{} asks again and again to be confirmed: see `activate history` there", host_.name);
  }
  output_.say(fmt::format("activate: {}: healthy; confirming over a new connection", host_.name));
  to_be_confirmed_ = false;
  confirms_now_ = true;
  if (confirmations_ == 1) {
    arguments_.insert(arguments_.begin(), "--confirm");
  }
}

void RemoteCommand::BeginLogin() {
  started_ = false;
  rest_.clear();
  said_.clear();
  banner_bytes_ = 0;
  talk_ = {.password = host_.sudo_password};
  last_word_ = std::chrono::steady_clock::now();
}

// sudo may ask more than a password, and wait for it.
void RemoteCommand::CheckLoginGoesOn() const {
  const bool may_ask_a_person = MayAsk() && !talk_.alive;
  if (!started_ && !may_ask_a_person &&
      std::chrono::steady_clock::now() - last_word_ >= host_.login_limit) {
    base::Fail(base::ExitCode::kUnreachable,
               "{}: the login took longer than {} s before our program ran there", host_.name,
               std::chrono::duration_cast<std::chrono::seconds>(host_.login_limit).count());
  }
}

// The terminal interrupts ssh as well, perhaps before us.
int RemoteCommand::EndOf(base::Child& ssh) const {
  const int exit_code = ssh.Wait();
  if (Follows(line_) && (exit_code == kSshFailed || exit_code > kSignalExit)) {
    base::InterruptedWithinASecond();
  }
  base::ThrowIfInterrupted();
  return exit_code;
}

int RemoteCommand::Run() {
  BeginLogin();
  base::Child ssh(base::SshCommandLine(host_.destination, line_.ssh, Command(), kConnectTimeout,
                                       MayAsk(), confirmations_ > 0),
                  output_.err ? base::ChildError::kPiped : base::ChildError::kOurs);
  if (!KeepsInput() && !host_.sudo_password) {
    ssh.CloseTo();
  }
  const base::UniqueFd ended = ssh.Ended();
  std::array<pollfd, 4> from = {pollfd{ssh.from(), POLLIN, 0}, pollfd{ssh.error(), POLLIN, 0},
                                pollfd{ended.get(), POLLIN, 0},
                                pollfd{Follows(line_) ? output_.listener : -1, 0, 0}};
  // A connection that is shared (ControlPersist) may hold the pipes after ssh's end: what is in
  // them then is all.
  for (bool has_ended = false;;) {
    base::ThrowIfInterrupted();
    CheckLoginGoesOn();
    if (::poll(from.data(), from.size(), has_ended ? 0 : kPollMs) < 0) {
      continue;
    }
    if (from[3].revents != 0) {
      base::FailErrno(EPIPE, "standard output");
    }
    bool more = Drain(from[0], [&](std::string_view piece) { Take(piece, ssh); });
    more = Drain(from[1], output_.err) || more;
    if (to_be_confirmed_) {
      return 0;  // it goes on there
    }
    if (has_ended && !more) {
      break;
    }
    if (from[2].revents != 0) {
      has_ended = true;
      from[2].fd = -1;  // poll passes it over
    }
  }
  gate_lines_.End();
  if (started_ && !rest_.empty()) {
    output_.out(std::exchange(rest_, ""));
  }
  return EndOf(ssh);
}

// A login that is made for something else may do that and end well.
void RemoteCommand::CheckThatItRan(int exit_code) const {
  if (exit_code == kSshFailed) {
    base::Fail(base::ExitCode::kUnreachable, "{} was not reached, or the connection was lost",
               host_.name);
  }
  if (!started_ && (!talk_.alive || exit_code == 0)) {
    const std::string last = base::Printable(rest_.empty() ? said_ : rest_);
    base::Fail(base::ExitCode::kUnreachable,
               "{}: the login ended with {} before our program ran there{}{}", host_.name,
               exit_code, last.empty() ? "" : ": ", last);
  }
}

// The process that followed the switch ended, or the link did; not the switch.
bool IsLost(int exit_code) { return exit_code > kSignalExit && exit_code != kInterruptedThere; }

int FollowSwitch(RemoteCommand& command, const RemoteHost& host, const RemoteOutput& output,
                 std::chrono::milliseconds patience) {
  pusher::LostLink link(patience, "a generation", [&](const std::string& line) {
    output.say(fmt::format("activate: {}: {}", host.name, line));
  });
  for (;;) {
    std::string why;
    bool was_back = false;
    try {
      const int exit_code = command.Run();
      // What has begun goes on, whatever keeps us from following it.
      if (!command.is_to_be_confirmed() &&
          (!command.begun() || (command.started() && !IsLost(exit_code)))) {
        return exit_code;
      }
      why = fmt::format("ssh ended with {}", exit_code);
      was_back = command.started() && exit_code == kSshFailed;
    } catch (const base::Error& error) {
      if (!command.begun() || error.code() == base::ExitCode::kInterrupted) {
        throw;
      }
      if (command.started() || command.is_password_wrong()) {  // an account may be locked for it
        link.GiveUp(error.what());
      }
      why = error.what();
    }
    if (command.is_to_be_confirmed()) {
      command.ConfirmNext();
      continue;
    }
    command.AskNoMore();
    link.Wait(why, was_back);
  }
}

}  // namespace

bool IsSwitch(const CommandLine& line) {
  return line.command == Command::kActivate && !line.dry_run;
}

bool MayChange(const CommandLine& line) {
  return line.command == Command::kActivate || line.command == Command::kPrune ||
         line.command == Command::kUninstall || line.verify.repair ||
         (line.command == Command::kSecret && line.secret.action != "list");
}

bool Follows(const CommandLine& line) { return line.history.follow || line.logs.follow; }

int RunOnHost(const CommandLine& line, std::vector<std::string> arguments, const RemoteHost& host,
              const RemoteOutput& output, std::chrono::milliseconds patience) {
  std::string id = line.activation_id;
  if (IsSwitch(line) && id.empty()) {
    id = NewActivationId();
    arguments.insert(arguments.begin(), {"--id", id});
  }
  if (Follows(line)) {  // in front of a --
    arguments.insert(arguments.begin(), "--until-input-ends");
  }
  if (!line.secret.value.empty()) {
    arguments.insert(arguments.begin(), {"--bytes", std::to_string(line.secret.value.size())});
  }
  RemoteCommand command(line, std::move(arguments), std::move(id), host, output);
  int exit_code = 0;
  try {
    const std::chrono::seconds confirmed(line.confirm_within_seconds.value_or(0));
    exit_code =
        IsSwitch(line) ? FollowSwitch(command, host, output, patience + confirmed) : command.Run();
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted && IsSwitch(line) && command.begun()) {
      pusher::LostLink::FailInterrupted();
    }
    throw;
  }
  command.CheckThatItRan(exit_code);
  return exit_code;
}

}  // namespace activator
