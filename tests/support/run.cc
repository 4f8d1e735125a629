#include "tests/support/run.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace tests {
namespace {

using Clock = std::chrono::steady_clock;

// One end of a pipe; closed with its owner.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd& operator=(Fd&&) = delete;
  ~Fd() { Close(); }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int Get() const { return fd_; }

 private:
  int fd_;
};

struct Pipe {
  Fd read;
  Fd write;
};

[[noreturn]] void ThrowErrno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

Pipe MakePipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) ThrowErrno("pipe2");
  return {Fd(ends[0]), Fd(ends[1])};
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::vector<std::string>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view name(*entry, std::strcspn(*entry, "=") + 1);
    bool replaced = false;
    for (const std::string& other : added) replaced = replaced || other.starts_with(name);
    if (!replaced) result.emplace_back(*entry);
  }
  result.insert(result.end(), added.begin(), added.end());
  return result;
}

// A running child with its pipes, in a process group of its own.
class Child {
 public:
  Child(const std::vector<std::string>& argv, const RunOptions& options)
      : in_(MakePipe()), out_(MakePipe()), err_(MakePipe()) {
    std::vector<std::string> arguments = argv;
    std::vector<std::string> environment = Environment(options.env);
    const std::vector<char*> argument_pointers = Pointers(arguments);
    const std::vector<char*> environment_pointers = Pointers(environment);
    pid_ = fork();
    if (pid_ < 0) ThrowErrno("fork");
    if (pid_ == 0) Exec(argument_pointers, environment_pointers, options.cwd);
    setpgid(pid_, pid_);
    in_.read.Close();
    out_.write.Close();
    err_.write.Close();
    if (fcntl(in_.write.Get(), F_SETFL, O_NONBLOCK) != 0) ThrowErrno("fcntl");
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill(-pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  // Moves bytes until both outputs are closed. False when the deadline came first.
  bool Communicate(std::string_view input, Clock::time_point deadline, RunResult& result) {
    if (input.empty()) in_.write.Close();
    while (out_.read.Get() >= 0 || err_.read.Get() >= 0) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      if (left <= 0) return false;
      std::array<pollfd, 3> polled{{{out_.read.Get(), POLLIN, 0},
                                    {err_.read.Get(), POLLIN, 0},
                                    {in_.write.Get(), POLLOUT, 0}}};
      if (poll(polled.data(), polled.size(), static_cast<int>(left)) < 0 && errno != EINTR) {
        ThrowErrno("poll");
      }
      if (polled[0].revents != 0) Read(out_.read, result.out);
      if (polled[1].revents != 0) Read(err_.read, result.err);
      if (polled[2].revents != 0) Write(input);
    }
    return true;
  }

  // The exit code, or -1 while the child still runs at the deadline.
  int Wait(Clock::time_point deadline) {
    int status = 0;
    for (;;) {
      const pid_t waited = waitpid(pid_, &status, WNOHANG);
      if (waited < 0 && errno != EINTR) ThrowErrno("waitpid");
      if (waited == pid_) break;
      if (Clock::now() >= deadline) return -1;
      usleep(1000);
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  // Between fork and exec: only what is safe in a copy of a process that may have threads.
  [[noreturn]] void Exec(const std::vector<char*>& argv, const std::vector<char*>& env,
                         const std::string& cwd) {
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    if (dup2(in_.read.Get(), 0) < 0 || dup2(out_.write.Get(), 1) < 0 ||
        dup2(err_.write.Get(), 2) < 0) {
      _exit(127);
    }
    if (cwd.empty() || chdir(cwd.c_str()) == 0) execvpe(argv[0], argv.data(), env.data());
    const char* reason = std::strerror(errno);
    if (write(2, reason, std::strlen(reason)) < 0) _exit(126);
    _exit(127);
  }

  static void Read(Fd& from, std::string& to) {
    std::array<char, 65536> buffer{};
    const ssize_t count = read(from.Get(), buffer.data(), buffer.size());
    if (count > 0) {
      to.append(buffer.data(), static_cast<size_t>(count));
    } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      from.Close();
    }
  }

  // A child that does not read its input is no error.
  void Write(std::string_view& input) {
    sigset_t pipe_signal;
    sigset_t before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const ssize_t count = write(in_.write.Get(), input.data(), input.size());
    const bool broken = count < 0 && errno != EINTR && errno != EAGAIN;
    const timespec no_wait{};
    if (broken) sigtimedwait(&pipe_signal, nullptr, &no_wait);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (count > 0) input.remove_prefix(static_cast<size_t>(count));
    if (broken || input.empty()) in_.write.Close();
  }

  Pipe in_;
  Pipe out_;
  Pipe err_;
  pid_t pid_ = -1;
};

}  // namespace

RunResult RunCommand(const std::vector<std::string>& argv, const RunOptions& options) {
  if (argv.empty()) throw std::invalid_argument("RunCommand: empty argv");
  const Clock::time_point deadline = Clock::now() + options.timeout;
  RunResult result;
  Child child(argv, options);
  const bool finished = child.Communicate(options.input, deadline, result);
  result.exit_code = finished ? child.Wait(deadline) : -1;
  if (result.exit_code < 0) throw std::runtime_error("timeout: " + Describe(argv, result));
  return result;
}

std::string MustRun(const std::vector<std::string>& argv, const RunOptions& options) {
  RunResult result = RunCommand(argv, options);
  if (result.exit_code != 0) throw std::runtime_error(Describe(argv, result));
  return std::move(result.out);
}

std::string Describe(const std::vector<std::string>& argv, const RunResult& result) {
  std::string text = "`";
  for (const std::string& argument : argv) text += (text.size() > 1 ? " " : "") + argument;
  text += "` ended with " + std::to_string(result.exit_code);
  if (!result.out.empty()) text += "\nstdout: " + result.out;
  if (!result.err.empty()) text += "\nstderr: " + result.err;
  return text;
}

}  // namespace tests
