#include "pusher/ssh/remote_activation.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "pusher/protocol/failure_line.h"
#include "pusher/protocol/gate_words.h"
#include "pusher/protocol/lost_link.h"
#include "pusher/protocol/protocol.h"
#include "pusher/ssh/bootstrap.h"
#include "pusher/ssh/switch_program.h"

namespace pusher {
namespace {

constexpr size_t kMaxSwitchLineBytes = 64 << 10;  // a failure has lines of a service's log with it
constexpr size_t kMaxBannerLines = 1000;
constexpr int kAttemptsToBegin = 3;

constexpr std::string_view kWords = R"sh(
set -u
from=$1 root=$2 agent=$3 by=$4
shift 4
)sh";

std::string Program() { return WithLogLevel(std::string(kWords) + std::string(kSwitchProgram)); }

uint64_t NumberOf(std::string_view text) {
  uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

class Switch {
 public:
  Switch(const Destination& target, const RemoteOptions& options, const AgentBinary& agent,
         const RemoteActivation& request, Connection* open)
      : target_(target),
        options_(options),
        agent_(agent),
        request_(request),
        open_(open),
        link_(request.patience + std::chrono::seconds(request.confirm_within_seconds.value_or(0)),
              fmt::format("generation {}", request.generation), request.show) {}

  RemoteActivationResult Run();

 private:
  std::vector<std::string> Arguments() const;
  std::string RemoteCommand() const;
  std::vector<std::string> FolderCommand() const;
  std::string RequestLine() const;
  // nullopt: it is to be confirmed over another connection.
  std::optional<RemoteActivationResult> FollowOnce();
  std::optional<RemoteActivationResult> Follow();
  std::optional<RemoteActivationResult> FollowOn(Connection& connection);
  std::optional<RemoteActivationResult> FollowLines(Connection& connection);
  void TakeBeforeStart(Connection& connection, const std::string& line, std::string_view word);
  void TakeLine(const std::string& line, std::string_view word);
  RemoteActivationResult ResultOf(int exit_code, uint64_t running) const;
  void WaitForReturn(const base::Error& lost);
  void CountConfirmation();

  const Destination& target_;
  const RemoteOptions& options_;
  const AgentBinary& agent_;
  const RemoteActivation& request_;
  Connection* open_;  // null once it was used
  const std::string id_ = base::RandomHex(8);
  bool begun_ = false;
  bool again_ = false;  // it had begun before this connection
  int attempts_ = 0;
  LostLink link_;
  bool to_be_confirmed_ = false;
  int confirmations_ = 0;
  bool was_back_ = false;  // this connection worked after it had begun
  std::string failure_;    // what it said why it failed, as JSON
};

std::vector<std::string> Switch::Arguments() const {
  std::vector<std::string> out = {"--generation", std::to_string(request_.generation), "--id", id_};
  if (request_.lock_wait_seconds) {
    out.insert(out.end(), {"--lock-wait", std::to_string(*request_.lock_wait_seconds)});
  }
  if (request_.confirm_within_seconds) {
    out.insert(out.end(), {"--confirm-within", std::to_string(*request_.confirm_within_seconds)});
  }
  if (confirmations_ > 0) {
    out.emplace_back("--confirm");
  }
  return out;
}

std::string Switch::RemoteCommand() const {
  if (target_.gate) {
    return GateCommandLine(fmt::format(
        "{} {} {}{}", kGateActivate, request_.generation, id_,
        request_.lock_wait_seconds ? fmt::format(" {}", *request_.lock_wait_seconds) : ""));
  }
  std::vector<std::string> words = {options_.host.root, AgentPath(agent_, options_.host),
                                    options_.host.by};
  for (const std::string& argument : Arguments()) {
    words.push_back(argument);
  }
  return CommandAsRoot(Program(), words, options_.host);
}

// The same program, without ssh and as whoever we are.
std::vector<std::string> Switch::FolderCommand() const {
  std::vector<std::string> out = {"sh",        "-c",
                                  Program(),   "slipway",
                                  "",          FolderOf(target_.destination),
                                  agent_.path, options_.host.by};
  for (const std::string& argument : Arguments()) {
    out.push_back(argument);
  }
  return out;
}

RemoteActivationResult Switch::ResultOf(int exit_code, uint64_t running) const {
  RemoteActivationResult out;
  out.running = running;
  if (exit_code == 0) {
    return out;
  }
  // The process that followed it was ended, not the switch; or cannot be run again, which tells
  // nothing of the switch either.
  constexpr int kCannotRun = 126;
  constexpr int kKilled = 128;
  if (exit_code > kKilled || (exit_code >= kCannotRun && again_)) {
    base::Fail(base::ExitCode::kUnreachable, "{}: activate ended with {}", target_.name, exit_code);
  }
  constexpr int kLastCode = static_cast<int>(base::ExitCode::kStale);
  const base::ExitCode code =
      exit_code > kLastCode ? base::ExitCode::kFailed : static_cast<base::ExitCode>(exit_code);
  out.error = failure_.empty() ? base::Error(code, fmt::format("activate ended with {}", exit_code))
                               : ParseFailure(failure_, code);
  return out;
}

std::optional<RemoteActivationResult> Switch::FollowLines(Connection& connection) {
  failure_.clear();
  was_back_ = false;
  bool started = false;
  bool overlong = false;
  for (size_t banner = 0; banner < kMaxBannerLines; banner += started ? 0 : 1) {
    const std::optional<std::string> line = connection.stream().ReadLine(kMaxSwitchLineBytes);
    if (!line) {
      base::Fail(base::ExitCode::kUnreachable, "{}: the connection was lost", target_.name);
    }
    // The rest of an overlong line is dropped: what a service writes to its log must not become a
    // line of ours.
    if (std::exchange(overlong, line->size() == kMaxSwitchLineBytes)) {
      continue;
    }
    const std::string_view word =
        line->starts_with(kOurWord) ? std::string_view(*line).substr(kOurWord.size()) : "";
    if (word == "STARTED") {
      started = begun_ = true;
      connection.Answered();
    } else if (!started) {
      TakeBeforeStart(connection, *line, word);
    } else if (word == "CONFIRM" && request_.confirm_within_seconds) {
      to_be_confirmed_ = true;
      return std::nullopt;
    } else if (word.starts_with("ENDED ")) {
      const size_t space = word.find(' ', 6);
      was_back_ = false;  // one that is killed each time must not be followed for ever
      return ResultOf(static_cast<int>(NumberOf(word.substr(6))),
                      space == std::string_view::npos ? 0 : NumberOf(word.substr(space + 1)));
    } else {
      TakeLine(*line, word);
    }
  }
  base::Fail(base::ExitCode::kFailed, "it prints endlessly before it answers");
}

void Switch::TakeBeforeStart(Connection& connection, const std::string& line,
                             std::string_view word) {
  if (TakeLoginWord(connection.stream(), connection.login(), word)) {
    return;
  }
  if (word.starts_with("REFUSED ")) {
    base::Fail(target_.gate ? base::ExitCode::kVerification : base::ExitCode::kFailed, "{}",
               Printable(word.substr(8)));
  }
  if (word.empty()) {
    connection.login().Add(line);
  }
}

void Switch::TakeLine(const std::string& line, std::string_view word) {
  if (line.starts_with(kFailureWord)) {
    failure_ = line.substr(kFailureWord.size());
  } else if (word == "ALIVE") {  // a host may begin, say something and drop for ever
    was_back_ = true;
  } else if (word.empty() && !line.empty()) {
    request_.show(Printable(line));
  }
}

// What the program waits for that was the agent of the push.
std::string Switch::RequestLine() const {
  return fmt::format("{} {} {}\n", request_.generation, id_,
                     request_.lock_wait_seconds ? std::to_string(*request_.lock_wait_seconds) : "");
}

std::optional<RemoteActivationResult> Switch::Follow() {
  again_ = begun_;
  if (open_ == nullptr) {
    RemoteOptions options = options_;
    options.alone = confirmations_ > 0;
    Connection connection(target_, options, RemoteCommand(), FolderCommand());
    return FollowOn(connection);
  }
  Connection& connection = *std::exchange(open_, nullptr);
  try {
    connection.stream().Write(base::AsBytes(RequestLine()));
    connection.stream().Flush();
  } catch (const base::Error& error) {
    throw connection.Explain(error);
  }
  return FollowOn(connection);
}

std::optional<RemoteActivationResult> Switch::FollowOn(Connection& connection) {
  try {
    std::optional<RemoteActivationResult> result = FollowLines(connection);
    if (result) {
      connection.Close();
    }
    return result;
  } catch (const base::Error& error) {
    throw connection.Explain(error);
  }
}

void Switch::WaitForReturn(const base::Error& lost) {
  if (begun_) {
    link_.Wait(lost.what(), was_back_);
    return;
  }
  base::LogInfo("{}: the activation was not begun: {}", target_.name, lost.what());
  if (++attempts_ >= kAttemptsToBegin) {
    throw lost;
  }
  if (attempts_ == 1) {
    request_.show("the connection failed");
  }
  LostLink::Pause();
}

// One is enough, unless the host was rebooted and began anew.
void Switch::CountConfirmation() {
  if (++confirmations_ > kMostConfirmations) {
    base::Fail(base::ExitCode::kNeedsAttention,
               "{} asks again and again to be confirmed: see `activate history` there",
               target_.name);
  }
  request_.show("healthy; confirming over a new connection");
}

// nullopt: once more, over another connection.
std::optional<RemoteActivationResult> Switch::FollowOnce() {
  try {
    return Follow();
  } catch (const base::Error& error) {
    // What has begun goes on, whatever keeps us from following it: a login that is refused now
    // says nothing of the switch.
    if (error.code() == base::ExitCode::kInterrupted ||
        (!begun_ && error.code() != base::ExitCode::kUnreachable)) {
      throw;
    }
    WaitForReturn(error);
    return std::nullopt;
  }
}

RemoteActivationResult Switch::Run() {
  try {
    for (;;) {
      if (std::optional<RemoteActivationResult> result = FollowOnce()) {
        return *result;
      }
      if (std::exchange(to_be_confirmed_, false)) {
        CountConfirmation();
      }
    }
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted && begun_) {
      LostLink::FailInterrupted();
    }
    throw;
  }
}

}  // namespace

RemoteActivationResult ActivateOn(const Destination& target, const RemoteOptions& options,
                                  const AgentBinary& agent, const RemoteActivation& request,
                                  Connection* open) {
  return Switch(target, options, agent, request, open).Run();
}

}  // namespace pusher
