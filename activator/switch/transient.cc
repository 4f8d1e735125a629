#include "activator/switch/transient.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <optional>

#include "activator/state/host_lock.h"
#include "activator/state/outcome.h"
#include "activator/state/switch_record.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/process.h"
#include "base/random.h"

namespace activator {
namespace {

constexpr std::chrono::milliseconds kPoll{50};
constexpr std::chrono::milliseconds kGlance{5};  // at a child, which costs nothing
constexpr int kTurnsPerGlance = 20;              // at a file

std::vector<std::string> CommandLine(const std::string& unit,
                                     const std::vector<std::string>& arguments) {
  std::vector<std::string> out = {"systemd-run",
                                  "--unit=" + unit,
                                  "--description=Slipway: activation",
                                  "--collect",
                                  "--wait",
                                  "--pipe",
                                  "--quiet",
                                  "--no-ask-password",
                                  "--",
                                  base::RealPath("/proc/self/exe")};
  out.insert(out.end(), arguments.begin(), arguments.end());
  return out;
}

std::string UnitOf(const std::string& activation_id) { return "slipway-activate-" + activation_id; }

// Exit code as a shell gives it.
int WaitFor(pid_t pid, const std::string& unit, const Glance& glance) {
  for (int turn = 0;; ++turn) {
    int status = 0;
    const pid_t waited = ::waitpid(pid, &status, WNOHANG);
    if (waited == pid) {
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    if (waited < 0 && errno != EINTR) {
      base::FailErrno(errno, "cannot wait for systemd-run");
    }
    if (base::Interrupted()) {
      base::Fail(base::ExitCode::kInterrupted,
                 "interrupted, but the activation goes on: see `activate status` and journalctl "
                 "--unit {}",
                 unit);
    }
    if (glance && turn % kTurnsPerGlance == 0) {
      glance();
    }
    base::SystemClock().Sleep(kGlance);
  }
}

}  // namespace

std::string NewActivationId() { return base::RandomHex(8); }

void WaitUntilEnded(Systemd& systemd, const std::string& activation_id, const Glance& glance) {
  const std::string unit = UnitOf(activation_id) + ".service";
  for (;;) {
    const std::map<std::string, UnitState> states = systemd.Show({unit});
    const auto found = states.find(unit);
    if (found == states.end() || found->second.IsDown()) {
      return;
    }
    base::ThrowIfInterrupted();
    if (glance) {
      glance();
    }
    base::SystemClock().Sleep(kPoll);
  }
}

int TellEnd(const images::HostLayout& layout, const std::string& id,
            const std::function<void()>& require_healthy, const base::Io& io) {
  const std::string unit = UnitOf(id);
  const std::optional<SwitchRecord> record = ReadSwitchRecord(layout);
  if (record && record->activation_id == id) {
    if (IsLockHeld(layout).value_or(false)) {
      base::Fail(base::ExitCode::kNeedsAttention,
                 "lost sight of the activation, which goes on: see `activate status` and "
                 "journalctl --unit {}",
                 unit);
    }
    base::Fail(base::ExitCode::kNeedsAttention,
               "the activation was killed half-way: see `activate status`. The next `activate` "
               "recovers (journalctl --unit {})",
               unit);
  }
  if (const std::optional<Outcome> outcome = RecordedOutcome(layout, id)) {
    if (outcome->exit_code == 0) {
      require_healthy();
      io.Err("activate: {}\n", outcome->summary);
    }
    return outcome->exit_code;
  }
  io.Err(
      "activate: no switch was made\n");  // it said why, unless it was killed before it had begun
  return static_cast<int>(base::ExitCode::kFailed);
}

int RunInTransientUnit(const images::HostLayout& layout, const std::string& activation_id,
                       const std::vector<std::string>& arguments,
                       const std::function<void()>& require_healthy, const Glance& glance,
                       const base::Io& io) {
  const std::string unit = UnitOf(activation_id);
  // --pipe hands these standard descriptors on to the unit. Its input ends when we do.
  base::Pipe input;
  const pid_t pid = base::Spawn(CommandLine(unit, arguments), {input.read.get(), io.out, io.err});
  input.read.Reset();
  base::PhaseLog phases(unit);
  const int code = WaitFor(pid, unit, glance);
  phases.Done(fmt::format("ended with exit code {}", code));
  // systemd-run says 1 for whatever it cannot express: our own "failed, nothing changed", a unit
  // that a signal ended, and itself having lost the unit from view.
  return code == 1 || code > 128 ? TellEnd(layout, activation_id, require_healthy, io) : code;
}

// With flags of its own: those of the descriptor that was handed over are the follower's, too.
FollowersTerminal::FollowersTerminal(base::Io& io) : follower_(io.in) {
  if (!io.err_is_terminal) {
    return;
  }
  try {
    terminal_ =
        base::Open(fmt::format("/proc/self/fd/{}", io.err), O_WRONLY | O_NOCTTY | O_NONBLOCK);
  } catch (const base::Error&) {
    io.err_is_terminal = false;
    return;
  }
  io.err = terminal_.get();
  line_.emplace(io);
  io.status = this;
}

void FollowersTerminal::Show(const std::string& text) {
  pollfd follower{follower_, 0, 0};
  if (::poll(&follower, 1, 0) > 0) {
    const base::UniqueFd nothing = base::Open("/dev/null", O_WRONLY);
    ::dup3(nothing.get(), terminal_.get(), O_CLOEXEC);
  }
  line_->Show(text);
}

void IgnoreLostConnection() {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  for (const int signal_number : {SIGHUP, SIGPIPE, SIGINT}) {
    ::sigaction(signal_number, &ignore, nullptr);
  }
  struct sigaction end {};
  end.sa_handler = SIG_DFL;
  ::sigaction(SIGTERM, &end, nullptr);
}

}  // namespace activator
