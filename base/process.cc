#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"

namespace base {

Pipe::Pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) {
    FailErrno(errno, "cannot make a pipe");
  }
  read.Reset(fds[0]);
  write.Reset(fds[1]);
}

std::vector<char*> PointersTo(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& text : strings) {
    out.push_back(const_cast<char*>(text.c_str()));  // NOLINT: execve does not write there
  }
  out.push_back(nullptr);
  return out;
}

namespace {

constexpr int kWakeMilliseconds = 200;

std::vector<std::string> EnvironmentWith(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    if (std::none_of(added.begin(), added.end(), [&](const auto& a) { return a.first == name; })) {
      out.push_back(text);
    }
  }
  for (const auto& pair : added) {
    out.push_back(pair.first + "=" + pair.second);
  }
  return out;
}

pid_t SpawnWith(const std::vector<std::string>& environment, const std::vector<std::string>& argv,
                const std::array<int, 3>& standard) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int i = 0; i < 3; ++i) {
    if (standard[static_cast<size_t>(i)] >= 0) {
      posix_spawn_file_actions_adddup2(&actions, standard[static_cast<size_t>(i)], i);
    }
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGXFSZ);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0].c_str(), &actions, &attributes,
                                   PointersTo(argv).data(), PointersTo(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    FailErrno(error, "cannot run {}", argv[0]);
  }
  return pid;
}

int WaitForProcess(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) {
      FailErrno(errno, "cannot wait for a program");
    }
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// One turn of reading; closes `fd` at the end of the stream.
void ReadSome(UniqueFd& fd, std::string& into) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
  if (got > 0) {
    into.append(buffer.data(), static_cast<size_t>(got));
  } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
    fd.Reset();
  }
}

void WriteSome(UniqueFd& fd, const std::string& input, size_t& written) {
  const ssize_t put = ::write(fd.get(), input.data() + written, input.size() - written);
  if (put > 0) {
    written += static_cast<size_t>(put);
  } else if (put < 0 && errno != EINTR && errno != EAGAIN) {
    written = input.size();  // the program does not read all of it; its exit code says more
  }
  if (written == input.size()) {
    fd.Reset();
  }
}

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

// Our ends of a running program's pipes, and a descriptor that is readable when it has ended.
struct Conversation {
  UniqueFd in;
  UniqueFd out;
  UniqueFd err;
  UniqueFd ended;
};

// Feeds and drains the pipes until the program has ended and all that it wrote is read; false at
// the deadline. Whoever else still holds the pipes (something it left in the background) is not
// waited for.
bool Converse(Conversation with, const std::string& input, const Deadline& deadline,
              ProcessResult& result) {
  size_t written = 0;
  if (input.empty()) {
    with.in.Reset();
  } else {
    ::fcntl(with.in.get(), F_SETFL, O_NONBLOCK);
  }
  for (bool ended = false;;) {
    ThrowIfInterrupted();
    if (deadline && std::chrono::steady_clock::now() >= *deadline) {
      return false;
    }
    std::array<pollfd, 4> fds{{{with.in.get(), POLLOUT, 0},
                               {with.out.get(), POLLIN, 0},
                               {with.err.get(), POLLIN, 0},
                               {with.ended.get(), POLLIN, 0}}};
    // Wakes now and then: a signal that comes just before poll must not be missed for ever.
    ::poll(fds.data(), fds.size(), ended ? 0 : kWakeMilliseconds);
    if (fds[0].revents != 0) {
      WriteSome(with.in, input, written);
    }
    if (fds[1].revents != 0) {
      ReadSome(with.out, result.out);
    }
    if (fds[2].revents != 0) {
      ReadSome(with.err, result.err);
    }
    if (ended && fds[1].revents == 0 && fds[2].revents == 0) {
      return true;
    }
    ended = fds[3].revents != 0;  // what it wrote before that is found by the next turn
  }
}

UniqueFd DescriptorOf(pid_t pid) {
  // glibc 2.36 declares pidfd_open for C alone.
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd.valid()) {
    FailErrno(errno, "cannot follow a program");
  }
  return fd;
}

void KillAndWait(pid_t pid) noexcept {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

ProcessResult Run(const std::vector<std::string>& argv, const ProcessOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  Deadline deadline;
  if (options.timeout) {
    deadline = start + *options.timeout;
  }
  Pipe in;
  Pipe out;
  Pipe err;
  const pid_t pid = SpawnWith(EnvironmentWith(options.environment), argv,
                              {in.read.get(), out.write.get(), err.write.get()});
  in.read.Reset();
  out.write.Reset();
  err.write.Reset();
  ProcessResult result;
  try {
    result.timed_out = !Converse(
        {std::move(in.write), std::move(out.read), std::move(err.read), DescriptorOf(pid)},
        options.input, deadline, result);
  } catch (...) {
    KillAndWait(pid);
    throw;
  }
  if (result.timed_out) {
    ::kill(pid, SIGKILL);
  }
  result.exit_code = WaitForProcess(pid);
  LogDebug("{}: exit code {}{} after {} ms", options.log_name.empty() ? argv[0] : options.log_name,
           result.exit_code, result.timed_out ? " (killed at its timeout)" : "",
           MillisecondsSince(start).count());
  return result;
}

pid_t Spawn(const std::vector<std::string>& argv, const std::array<int, 3>& standard) {
  return SpawnWith(EnvironmentWith({}), argv, standard);
}

std::string LastLines(const std::string& text, size_t count) {
  const size_t end = text.find_last_not_of('\n') + 1;  // npos + 1 is 0
  size_t start = end;
  while (start > 0 && (text[start - 1] != '\n' || count-- > 1)) {
    --start;
  }
  return text.substr(start, end - start);
}

Child::Child(const std::vector<std::string>& argv, ChildError error) : name_(argv[0]) {
  Pipe in;
  Pipe out;
  Pipe err;
  pid_ = Spawn(
      argv, {in.read.get(), out.write.get(), error == ChildError::kPiped ? err.write.get() : -1});
  to_ = std::move(in.write);
  from_ = std::move(out.read);
  if (error == ChildError::kPiped) {
    error_ = std::move(err.read);
  }
  LogDebug("{}: started as process {}", name_, pid_);
}

Child::~Child() {
  if (pid_ > 0) {
    KillAndWait(pid_);
  }
}

UniqueFd Child::Ended() const { return DescriptorOf(pid_); }

int Child::Wait() {
  to_.Reset();
  from_.Reset();
  const int exit_code = WaitForProcess(std::exchange(pid_, -1));
  LogDebug("{}: exit code {} after {} ms", name_, exit_code, MillisecondsSince(start_).count());
  return exit_code;
}

std::optional<int> Child::WaitFor(std::chrono::milliseconds limit) {
  to_.Reset();
  from_.Reset();
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == pid_) {
      return Wait();
    }
    if (std::chrono::steady_clock::now() >= end) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace base
