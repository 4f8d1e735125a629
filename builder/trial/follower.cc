#include "builder/trial/follower.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "builder/trial/file_tracer.h"
#include "builder/trial/records.h"

namespace builder {
namespace {

[[noreturn]] void Follow(pid_t held, int control, int tell) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();
  try {
    FileTracer tracer;
    if (!tracer.Follow(held)) {
      SendRecord(tell, Tell::kUntraced, std::strerror(errno));
    }
    ::kill(held, SIGCONT);
    for (pollfd until{control, POLLIN, 0}; ::poll(&until, 1, 0) == 0;) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, __WALL | WNOHANG);
      if (pid > 0) {
        tracer.OnStatus(pid, status);
      } else {  // a moment, or until we are to end
        ::poll(&until, 1, 1);
      }
    }
    SendFindings(tell, tracer.Findings());
  } catch (const std::exception&) {  // nobody listens
  }
  ::_exit(0);
}

}  // namespace

Follower::Follower(pid_t held) {
  Pipe control;
  Pipe tell;
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
