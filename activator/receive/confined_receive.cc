#include "activator/receive/confined_receive.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "activator/gate/permission.h"
#include "activator/os/confinement.h"
#include "activator/receive/conversation.h"
#include "activator/receive/session_link.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/lock.h"

namespace activator {
namespace {

constexpr size_t kMostVersions = 1000;  // as a push has
constexpr uint64_t kMostTextBytes = uint64_t{64} << 20;
constexpr int kPollMs = 500;
constexpr std::chrono::seconds kToEnd(10);  // once there is nothing left to do for it

// The first process, to its end.
int RunInner(const ReceiveOptions& options, const ReceiveSteps& steps, const base::Io& io, int fd,
             pid_t parent) {
  const InnerLink link(fd);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) {
    return static_cast<int>(base::ExitCode::kFailed);
  }
  try {
    ReceiveSteps inner = steps;
    inner.plan = ReceiveSteps().plan;
    inner.hand_over = [&](const std::vector<HandedOver>& versions) { link.HandOver(versions); };
    std::optional<HostView> host;
    const auto shut_in = [&] {
      const images::HostLayout layout = LayoutOf(options);
      host.emplace(LookAtHost(options, inner.probe_features,
                              [&](const std::string& name, const base::Sha256& manifest_sha256,
                                  const std::string& text) {
                                link.CheckRelease({name, manifest_sha256, text});
                              }));
      Confine({layout.root(), layout.Incoming(),
               std::max(options.gate->limits.max_bytes, kMostTextBytes)});
    };
    return RunConversation(
        io,
        [&](pusher::Wire& wire, pusher::KeepAlive& alive) {
          ReceiveSession(options, inner, wire, alive).Run(*std::move(host));
        },
        shut_in);
  } catch (const base::Error& error) {
    try {
      link.GiveUp(error);
    } catch (const base::Error&) {  // nobody is there
    }
    return static_cast<int>(error.code());
  }
}

class Outer {
 public:
  Outer(const ReceiveOptions& options, const ReceiveSteps& steps, const base::Io& io, pid_t child,
        int fd, Acceptance acceptance)
      : options_(options),
        steps_(steps),
        io_(io),
        child_(child),
        link_(fd),
        fd_(fd),
        acceptance_(std::move(acceptance)) {}
  ~Outer() { End(); }
  Outer(const Outer&) = delete;
  Outer& operator=(const Outer&) = delete;

  int Run();

 private:
  bool WaitForWord();
  bool Take(SessionMessage message);
  std::optional<base::Error> WhyNotTaken(const ReleaseToCheck& release);
  int End();

  const ReceiveOptions& options_;
  const ReceiveSteps& steps_;
  const base::Io io_;
  pid_t child_;
  const OuterLink link_;
  const int fd_;
  Acceptance acceptance_;  // by the trust as it was before the sender was listened to
  std::vector<HandedOver> versions_;
  bool is_whole_ = false;
  std::optional<GaveUp> gave_up_;
};

// False: it is to be ended, because nobody is left who could be told.
bool Outer::WaitForWord() {
  std::optional<std::chrono::steady_clock::time_point> alone;
  for (;;) {
    base::ThrowIfInterrupted();
    std::array<pollfd, 2> fds{{{fd_, POLLIN, 0}, {io_.out, 0, 0}}};
    if (::poll(fds.data(), fds.size(), kPollMs) < 0 && errno != EINTR) {
      base::FailErrno(errno, "cannot wait for the process that receives");
    }
    if (fds[0].revents != 0) {
      return true;
    }
    const auto now = std::chrono::steady_clock::now();
    if (fds[1].revents != 0 && now - alone.value_or(now) > kToEnd) {
      return false;
    }
    alone = fds[1].revents != 0 ? alone.value_or(now) : decltype(alone)();
  }
}

std::optional<base::Error> Outer::WhyNotTaken(const ReleaseToCheck& release) {
  try {
    RequireVerb(*options_.gate, Verb::kPush);
    RequireApplication(*options_.gate, release.name);
    acceptance_.Check(release.name, release.manifest_sha256, release.text);
    return std::nullopt;
  } catch (const base::Error& error) {
    return error;
  }
}

// False: that was the last.
bool Outer::Take(SessionMessage message) {
  if (const auto* release = std::get_if<ReleaseToCheck>(&message)) {
    link_.Answer(WhyNotTaken(*release));
  } else if (auto* version = std::get_if<HandedOver>(&message)) {
    versions_.push_back(std::move(*version));
  } else if (auto* gave_up = std::get_if<GaveUp>(&message)) {
    gave_up_ = std::move(*gave_up);
    return false;
  } else {
    is_whole_ = true;
    return false;
  }
  return versions_.size() <= kMostVersions;
}

// Its exit code, or 128 and the signal. Whatever it still wants to do, it does not: from here on
// nothing in incoming/ changes.
int Outer::End() {
  if (child_ < 0) {
    return 0;
  }
  const auto end = std::chrono::steady_clock::now() + kToEnd;
  int status = 0;
  for (pid_t waited = 0; waited != child_;) {
    if (std::chrono::steady_clock::now() > end || base::Interrupted()) {
      ::kill(child_, SIGKILL);
    }
    waited = ::waitpid(child_, &status, WNOHANG);
    if (waited < 0 && errno != EINTR) {
      break;
    }
    if (waited != child_) {
      base::SystemClock().Sleep(std::chrono::milliseconds(5));
    }
  }
  child_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int Outer::Run() {
  while (WaitForWord()) {
    std::optional<SessionMessage> message = link_.Receive();
    if (!message || !Take(*std::move(message))) {
      break;
    }
  }
  const int code = End();
  if (gave_up_) {  // the sender was told
    throw base::Error(gave_up_->code, gave_up_->message);
  }
  if (!is_whole_ && code == 0) {
    return 0;  // a plan
  }
  return RunConversation(io_, [&](pusher::Wire& wire, pusher::KeepAlive& alive) {
    if (!is_whole_) {
      base::Fail(base::ExitCode::kFailed, "the process that receives ended with {}", code);
    }
    const images::HostLayout layout(options_.root);
    steps_.prepare_root(layout);
    if (versions_.empty()) {
      base::Fail(base::ExitCode::kVerification, "the process that receives handed over nothing");
    }
    ReceiveSession(options_, steps_, wire, alive)
        .PublishFor({{}, {}, VersionLocks(layout), std::move(acceptance_)}, versions_);
  });
}

// The folder that the first process writes to is one session's alone, until what is in it has been
// published: whoever could still write there would change what another one verified.
base::FileLock LockGateFolder(const ReceiveOptions& options) {
  const std::string folder = GateFolder(options);
  for (int attempt = 1;; ++attempt) {
    base::MakeDirectories(folder);
    try {
      base::FileLock out(folder + "/lock", "the gate of " + options.gate->name,
                         "a push by " + options.by, options.lock_wait);
      base::MakeDirectories(LayoutOf(options).Incoming());
      ::utimensat(AT_FDCWD, folder.c_str(), nullptr, 0);  // prune takes what is old
      return out;
    } catch (const base::Error& error) {
      if (error.error_number() != ENOENT || attempt == 3) {  // a prune took it away in between
        throw;
      }
    }
  }
}

}  // namespace

int RunConfinedReceive(const ReceiveOptions& options, const ReceiveSteps& steps,
                       const base::Io& io) {
  std::optional<Acceptance> acceptance;
  std::optional<base::FileLock> lock;
  RunConversation(
      io, [](pusher::Wire& /*wire*/, pusher::KeepAlive& /*alive*/) {},
      [&] {
        const images::HostLayout layout(options.root);
        steps.prepare_root(layout);
        acceptance.emplace(layout, OlderReleases::kRefused, base::SystemClock());
        lock.emplace(LockGateFolder(options));
      });
  SessionLinkEnds ends;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    base::FailErrno(errno, "cannot start the process that receives");
  }
  if (child == 0) {
    ends.outer.Reset();
    lock.reset();  // the other process has it
    int code = static_cast<int>(base::ExitCode::kFailed);
    try {
      code = RunInner(options, steps, io, ends.inner.get(), parent);
    } catch (const std::exception&) {  // such as no memory: the exit code tells
    }
    ::_exit(code);
  }
  ends.inner.Reset();
  return Outer(options, steps, io, child, ends.outer.get(), *std::move(acceptance)).Run();
}

}  // namespace activator
