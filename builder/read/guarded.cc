#include "builder/read/guarded.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <new>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/process.h"

namespace builder {
namespace {

// A step reads at most 4 MiB, or one inode, or one directory.
constexpr time_t kStepSeconds = 10;  // of CPU time
// Sanitizers reserve address space without end.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr rlim_t kMemoryBytes = rlim_t{4} << 30;
#endif
constexpr int kPollMilliseconds = 200;
constexpr int kGracePolls = 10;  // after an interrupt, before the child is killed

bool in_child = false;

void LimitChild() {
  in_child = true;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const rlimit memory{kMemoryBytes, kMemoryBytes};
  ::setrlimit(RLIMIT_AS, &memory);
#endif
  ::signal(SIGPROF, SIG_DFL);
  StartNextStep();
}

// A byte with the exit code, then the message; nothing where all went well.
void WorkAndTell(int to, const std::function<void()>& work) {
  const auto tell = [&](base::ExitCode code, std::string_view message) {
    const std::string text = static_cast<char>(code) + std::string(message);
    base::WriteAll(to, base::AsBytes(text), "a pipe");
  };
  try {
    LimitChild();
    work();
  } catch (const base::Error& error) {
    tell(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    tell(base::ExitCode::kVerification, "");
  } catch (const std::exception& error) {
    tell(base::ExitCode::kFailed, error.what());
  }
}

// Nothing is thrown from here: the stack below is the parent's.
[[noreturn]] void RunChild(int to, const std::function<void()>& work) {
  try {
    WorkAndTell(to, work);
    ::_exit(0);
  } catch (...) {
    ::_exit(1);
  }
}

// All that the child says, until it ends.
std::string Listen(int from, pid_t child) {
  std::string out;
  std::array<char, 4096> buffer;
  for (int polls_left = kGracePolls;;) {
    if (base::Interrupted() && --polls_left < 0) {
      ::kill(child, SIGKILL);
    } else if (base::Interrupted() && polls_left == kGracePolls - 1) {
      ::kill(child, SIGTERM);
    }
    pollfd ready{from, POLLIN, 0};
    if (::poll(&ready, 1, kPollMilliseconds) <= 0) {
      continue;
    }
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got > 0) {
      out.append(buffer.data(), static_cast<size_t>(got));
    } else if (got == 0) {
      return out;
    }
  }
}

}  // namespace

void StartNextStep() {
  if (in_child) {
    const itimerval limit{{0, 0}, {kStepSeconds, 0}};
    ::setitimer(ITIMER_PROF, &limit, nullptr);
  }
}

void RunGuarded(const std::string& image_path, const std::function<void()>& work) {
  base::Pipe pipe;
  const pid_t child = ::fork();
  if (child < 0) {
    base::FailErrno(errno, "cannot start a process");
  }
  if (child == 0) {
    RunChild(pipe.write.get(), work);
  }
  pipe.write.Reset();
  const std::string said = Listen(pipe.read.get(), child);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  base::ThrowIfInterrupted();
  if (said.size() > 1) {
    throw base::Error(static_cast<base::ExitCode>(said[0]), said.substr(1));
  }
  if (!said.empty() || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    const bool is_endless = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF;
    base::Fail(base::ExitCode::kVerification,
               "{} is damaged: upstream's reader {} on it; build or push it again", image_path,
               is_endless     ? "finds no end"
               : said.empty() ? "crashes"
                              : "needs too much memory");
  }
}

}  // namespace builder
