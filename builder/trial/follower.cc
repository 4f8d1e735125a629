#include "builder/trial/follower.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/process.h"
#include "builder/trial/file_tracer.h"
#include "builder/trial/records.h"

namespace builder {
namespace {

[[noreturn]] void Follow(pid_t held, int control, int tell) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &children, nullptr);
  try {
    FileTracer tracer;
    if (!tracer.Follow(held)) {
      SendRecord(tell, Tell::kUntraced, std::strerror(errno));
    }
    ::kill(held, SIGCONT);
    const base::UniqueFd stops(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
    std::array<pollfd, 2> fds{{{control, POLLIN, 0}, {stops.get(), POLLIN, 0}}};
    while (fds[0].revents == 0) {
      ::poll(fds.data(), fds.size(), -1);
      signalfd_siginfo info{};
      while (::read(stops.get(), &info, sizeof info) > 0) {
      }
      int status = 0;
      for (pid_t pid = 0; (pid = ::waitpid(-1, &status, __WALL | WNOHANG)) > 0;) {
        tracer.OnStatus(pid, status);
      }
    }
    SendFindings(tell, tracer.Findings());
  } catch (const std::exception&) {  // nobody listens
  }
  ::_exit(0);
}

}  // namespace

Follower::Follower(pid_t held) {
  base::Pipe control;
  base::Pipe tell;
  pid_ = ::fork();
  if (pid_ < 0) {
    base::FailErrno(errno, "cannot start a process");
  }
  if (pid_ == 0) {
    control.write.Reset();
    Follow(held, control.read.get(), tell.write.get());
  }
  control_ = std::move(control.write);
  tell_ = std::move(tell.read);
}

Follower::~Follower() {
  control_.Reset();
  tell_.Reset();
  while (pid_ > 0 && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Follower::Finish(SandboxRecord& record) {
  control_.Reset();
  std::string bytes;
  std::array<char, 65536> buffer{};
  for (ssize_t got = 0; (got = ::read(tell_.get(), buffer.data(), buffer.size())) != 0;) {
    if (got < 0 && errno != EINTR) {
      break;
    }
    bytes.append(buffer.data(), got > 0 ? static_cast<size_t>(got) : 0);
    TakeRecords(bytes, record);
  }
}

}  // namespace builder
