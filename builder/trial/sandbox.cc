#include "builder/trial/sandbox.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "builder/trial/inside.h"
#include "builder/trial/records.h"

namespace builder {
namespace {

constexpr size_t kMaxOutputBytes = size_t{64} << 10;
constexpr int kNamespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

void WriteMap(const char* file, const std::string& text) {
  const std::string path = std::string("/proc/self/") + file;
  base::WriteAll(base::Open(path, O_WRONLY).get(), base::AsBytes(text), path);
}

// A plain user is, inside, the one user that there is.
void EnterNamespaces(const Privileges& privileges) {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(kNamespaces | (user == 0 ? 0 : CLONE_NEWUSER)) != 0) {
    base::FailErrno(errno,
                    "this machine does not let {} make namespaces; as root on a real machine (not "
                    "in a container) it works",
                    user == 0 ? "root" : "a plain user");
  }
  if (user != 0) {
    WriteMap("setgroups", "deny");
    WriteMap("uid_map", fmt::format("{} {} 1", privileges.user, user));
    WriteMap("gid_map", fmt::format("{} {} 1", privileges.group, group));
  }
}

// The process between us and the first one inside: a process cannot enter a process namespace
// itself.
[[noreturn]] void RunBetween(const SandboxPlan& plan, const InsideFds& fds) {
  ::setsid();  // the terminal's signals are for us
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    EnterNamespaces(plan.privileges);
    const pid_t inside = ::fork();
    if (inside < 0) {
      base::FailErrno(errno, "cannot start a process");
    }
    if (inside == 0) {
      RunInside(plan, fds);
    }
    while (::waitpid(inside, nullptr, 0) < 0 && errno == EINTR) {
    }
  } catch (const std::exception& error) {
    try {
      SendRecord(fds.tell, Tell::kFailed, error.what());
    } catch (const base::Error&) {  // nobody listens
    }
  }
  ::_exit(0);
}

class Sandbox {
 public:
  explicit Sandbox(const SandboxPlan& plan) {
    between_ = ::fork();
    if (between_ < 0) {
      base::FailErrno(errno, "cannot start a process");
    }
    if (between_ == 0) {
      tell_.read.Reset();
      output_.read.Reset();
      control_.write.Reset();
      RunBetween(plan, {tell_.write.get(), control_.read.get(), output_.write.get()});
    }
    tell_.write.Reset();
    output_.write.Reset();
    control_.read.Reset();
  }

  // The first process inside ends when it sees `control_` closed, and everything with it.
  ~Sandbox() {
    control_.write.Reset();
    tell_.read.Reset();  // it may be writing, and nobody reads any more
    output_.read.Reset();
    while (::waitpid(between_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  SandboxRecord Follow() {
    SandboxRecord out;
    while (tell_.read.valid()) {
      base::ThrowIfInterrupted();
      std::array<pollfd, 2> fds{{{tell_.read.get(), POLLIN, 0}, {output_.read.get(), POLLIN, 0}}};
      ::poll(fds.data(), fds.size(), 200);
      if (fds[1].revents != 0) {
        ReadOutput(out.output);
      }
      if (fds[0].revents != 0) {
        ReadRecords(out);
      }
    }
    ::fcntl(output_.read.get(), F_SETFL, O_NONBLOCK);
    while (output_.read.valid() && ReadOutput(out.output)) {
    }
    return out;
  }

 private:
  // False: there is no more now.
  bool ReadOutput(std::string& out) {
    std::array<char, 65536> buffer{};
    const ssize_t got = ::read(output_.read.get(), buffer.data(), buffer.size());
    if (got > 0) {
      out.append(buffer.data(), static_cast<size_t>(got));
      out.erase(0, out.size() - std::min(out.size(), kMaxOutputBytes));
      return true;
    }
    if (got == 0) {
      output_.read.Reset();
    }
    return false;
  }

  void ReadRecords(SandboxRecord& out) {
    std::array<char, 65536> buffer{};
    const ssize_t got = ::read(tell_.read.get(), buffer.data(), buffer.size());
    if (got == 0) {
      tell_.read.Reset();
    }
    records_.append(buffer.data(), got > 0 ? static_cast<size_t>(got) : 0);
    TakeRecords(records_, out);
  }

  base::Pipe tell_;
  base::Pipe output_;
  base::Pipe control_;
  pid_t between_ = -1;
  std::string records_;
};

}  // namespace

SandboxRecord RunInSandbox(const SandboxPlan& plan) {
  SandboxRecord out = Sandbox(plan).Follow();
  if (!out.stood && out.why.empty()) {
    base::Fail(base::ExitCode::kFailed, "the sandbox ended by itself");
  }
  return out;
}

}  // namespace builder
