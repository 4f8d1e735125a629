#include "builder/trial/inside.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "builder/trial/probe.h"
#include "builder/trial/records.h"
#include "builder/trial/sandbox_mounts.h"
#include "builder/trial/sockets.h"
#include "units/directive_words.h"

namespace builder {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kTurn{50};

int CodeOf(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::string EndText(int code) {
  if (code > 128 && ::sigabbrev_np(code - 128) != nullptr) {
    return fmt::format("SIG{} ended it", ::sigabbrev_np(code - 128));
  }
  return fmt::format("it ended with exit code {}", code);
}

class Inside {
 public:
  Inside(const SandboxPlan& plan, const InsideFds& fds) : plan_(plan), fds_(fds) {}

  void Run() {
    for (const std::string& note : EnterRoot(plan_)) {
      SendRecord(fds_.tell, Tell::kNote, note);
    }
    Prepare();
    SealRun(plan_);
    try {
      RunBefore();
      start_ = Clock::now();  // what runs before has its own time
      service_ = Start(plan_.service.exec, true);
      Watch();
      SendRecord(fds_.tell, Tell::kStood, "");
    } catch (const base::Error& error) {
      SendRecord(fds_.tell, Tell::kWhy, error.what());
    }
    TellFindings();
  }

 private:
  void Prepare() {
    RaiseLoopback();
    sigset_t children;
    ::sigemptyset(&children);
    ::sigaddset(&children, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &children, nullptr);
    signals_.Reset(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
    for (const std::string& text : plan_.service.listen) {
      sockets_.push_back(Listen(text));
    }
    if (plan_.service.type.starts_with("notify")) {
      notify_ = ReceiveNotifications();
    }
  }

  void RunBefore() {
    for (const images::Command& command : plan_.before) {
      const std::chrono::seconds limit(plan_.service.hooks.timeout_seconds);
      const Clock::time_point start = Clock::now();
      const pid_t pid = Start(command, true);
      while (!ended_.contains(pid)) {
        Turn();
        if (Clock::now() - start > limit) {
          base::Fail(base::ExitCode::kFailed, "{} (before the start) took longer than {} s",
                     command.front(), limit.count());
        }
      }
      if (const int code = ended_[pid]; code != 0) {
        SendRecord(fds_.tell, Tell::kEnded, std::to_string(code));
        base::Fail(base::ExitCode::kFailed, "{} (before the start): {}", command.front(),
                   EndText(code));
      }
    }
  }

  // Throws where the program cannot be executed.
  pid_t Start(const images::Command& command, bool follow) {
    base::Pipe go;
    base::Pipe failure;
    const pid_t pid = ::fork();
    if (pid < 0) {
      base::FailErrno(errno, "cannot start a process");
    }
    if (pid == 0) {
      go.write.Reset();
      Become(command, go.read.get(), failure.write.get());
    }
    failure.write.Reset();
    if (follow && !tracer_.Follow(pid)) {
      untraced_ = std::strerror(errno);
    }
    go.write.Reset();
    AwaitExec(command, failure.read.get());
    return pid;
  }

  void AwaitExec(const images::Command& command, int failed) {
    pollfd one{failed, POLLIN, 0};
    while (::poll(&one, 1, 0) <= 0) {
      Turn();
    }
    std::array<char, 512> text{};
    const ssize_t size = ::read(failed, text.data(), text.size());
    if (size > 0) {
      base::Fail(base::ExitCode::kFailed, "cannot run {}: {}", command.front(),
                 std::string(text.data(), static_cast<size_t>(size)));
    }
  }

  [[noreturn]] void Become(const images::Command& command, int wait, int fail) const {
    char byte = 0;
    while (::read(wait, &byte, 1) < 0 && errno == EINTR) {
    }
    constexpr int kAboveSockets = 100;  // which take the lowest numbers
    fail = ::fcntl(fail, F_DUPFD_CLOEXEC, kAboveSockets);
    try {
      Execute(command);
    } catch (const std::exception& error) {
      [[maybe_unused]] const ssize_t said = ::write(fail, error.what(), std::strlen(error.what()));
    }
    ::_exit(203);  // systemd's EXIT_EXEC
  }

  void Execute(const images::Command& command) const {
    ::setsid();
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP}) {
      ::signal(number, SIG_DFL);
    }
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, 0);
    ::dup2(fds_.output, 1);
    ::dup2(fds_.output, 2);
    ::umask(plan_.umask);
    std::map<std::string, std::string> environment = plan_.environment;
    PassSockets(sockets_, environment);
    if (notify_.valid()) {
      environment["NOTIFY_SOCKET"] = kNotifySocket;
    }
    TakeOn(plan_.privileges);
    const std::string& folder = plan_.working_directory;
    const bool may_lack = folder.starts_with('-');
    if (::chdir(folder.c_str() + (may_lack ? 1 : 0)) != 0 && !may_lack) {
      base::FailErrno(errno, "its working directory {}", folder);
    }
    std::vector<std::string> variables;
    variables.reserve(environment.size());
    for (const auto& [name, value] : environment) {
      variables.push_back(name + "=" + value);
    }
    ::execve(command.front().c_str(), base::PointersTo(command).data(),
             base::PointersTo(variables).data());
    const bool is_there = errno == ENOENT && ::access(command.front().c_str(), F_OK) == 0;
    base::Fail(base::ExitCode::kFailed, "{}{}", std::strerror(errno),
               is_there ? ", the interpreter that it names" : "");
  }

  // Waits for a moment, and does what came up meanwhile.
  void Turn() {
    std::array<pollfd, 4> fds{{{signals_.get(), POLLIN, 0},
                               {fds_.control, POLLIN, 0},
                               {notify_.get(), POLLIN, 0},
                               {probe_ ? probe_->fd() : -1, POLLIN, 0}}};
    ::poll(fds.data(), fds.size(), static_cast<int>(kTurn.count()));
    if (fds[1].revents != 0) {  // nobody wants to know any more
      ::_exit(1);
    }
    if (fds[2].revents != 0) {
      const std::vector<pid_t> now = SayReady(notify_.get());
      say_ready_.insert(now.begin(), now.end());
    }
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) > 0) {
    }
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, __WALL | WNOHANG)) > 0;) {
      if (tracer_.Follows(pid) || WIFSTOPPED(status)) {
        tracer_.OnStatus(pid, status);
      }
      if (probe_ && pid == probe_->pid()) {
        probe_->Forget();
      } else if (!WIFSTOPPED(status)) {
        ended_[pid] = CodeOf(status);
      }
    }
    if (Clock::now() >= next_look_) {  // a turn may be only one of a traced process's calls
      const ListeningPorts ports = ReadListening("self");
      ports_.insert(ports.begin(), ports.end());
      next_look_ = Clock::now() + kTurn;
    }
  }

  bool IsOver() const { return Clock::now() - start_ >= plan_.limit; }

  // By NotifyAccess=, which without a line is "main".
  bool SaidReady() const {
    const std::string* access = units::DirectiveOf(plan_.service, "Service", "NotifyAccess");
    return access != nullptr && *access == "all" ? !say_ready_.empty()
                                                 : say_ready_.contains(service_);
  }

  // Returns where the service stood.
  void Watch() {
    const images::Service& service = plan_.service;
    is_ready_ = service.type == "exec" || service.type == "simple";
    for (;;) {
      Turn();
      is_ready_ = is_ready_ || SaidReady();
      if (HasEnded()) {
        return;
      }
      if (is_ready_ && service.health.HasCheck() && CheckPasses()) {
        const auto after = std::chrono::duration_cast<milliseconds>(Clock::now() - start_);
        SendRecord(fds_.tell, Tell::kPassed, std::to_string(after.count()));
        return;
      }
      if (plan_.until_listening && is_ready_ && !service.health.HasCheck() && HasListened()) {
        return;
      }
      if (IsOver()) {
        FailIfNotWell();
        return;
      }
    }
  }

  // For a second: more ports may follow.
  bool HasListened() {
    if (ports_.empty()) {
      listens_since_ = Clock::now();
    }
    return Clock::now() - listens_since_ >= std::chrono::seconds(1);
  }

  // True: it did what it is for. Throws where it should still run.
  bool HasEnded() {
    const auto end = ended_.find(service_);
    if (end == ended_.end()) {
      return false;
    }
    const std::string& type = plan_.service.type;
    const int code = end->second;
    if (code == 0 && type == "oneshot") {
      if (!is_ready_) {
        SendRecord(fds_.tell, Tell::kEnded, "0");
      }
      is_ready_ = true;
      return !plan_.service.health.HasCheck();
    }
    if (code == 0 && type == "forking" && (probe_ || ::kill(-1, 0) == 0)) {
      is_ready_ = true;  // what it left behind is the service
      return false;
    }
    SendRecord(fds_.tell, Tell::kEnded, std::to_string(code));
    base::Fail(base::ExitCode::kFailed, "{}", EndText(code));
  }

  void FailIfNotWell() const {
    const images::Service& service = plan_.service;
    if (service.type == "oneshot" && !is_ready_) {
      base::Fail(base::ExitCode::kFailed, "it did not end within {} s", plan_.limit.count());
    }
    if (!is_ready_) {
      base::Fail(base::ExitCode::kFailed, "it did not say that it is ready within {} s",
                 plan_.limit.count());
    }
    if (service.health.HasCheck()) {
      base::Fail(base::ExitCode::kFailed, "its check did not pass within {} s: {}",
                 plan_.limit.count(), problem_.empty() ? "it was not answered" : problem_);
    }
  }

  bool CheckPasses() {
    const images::Health& health = plan_.service.health;
    if (Clock::now() < next_try_) {
      return false;
    }
    if (!health.exec.empty()) {
      return CommandPasses(health);
    }
    if (!probe_) {
      probe_ = std::make_unique<Probe>(health, -1);
    }
    pollfd one{probe_->fd(), POLLIN, 0};
    if (::poll(&one, 1, 0) <= 0) {
      return false;
    }
    const std::optional<std::string> problem = probe_->Answer();
    probe_.reset();
    problem_ = problem.value_or("");
    next_try_ = Clock::now() + milliseconds(200);
    return !problem;
  }

  bool CommandPasses(const images::Health& health) {
    if (check_ < 0) {
      check_ = Start(health.exec, false);
      check_end_ = Clock::now() + std::chrono::seconds(health.try_seconds);
    }
    const auto end = ended_.find(check_);
    if (end == ended_.end()) {
      if (Clock::now() > check_end_) {
        ::kill(check_, SIGKILL);
      }
      return false;
    }
    check_ = -1;
    problem_ =
        health.exec.front() + ": " +
        (Clock::now() > check_end_ ? fmt::format("it took longer than {} s", health.try_seconds)
                                   : EndText(end->second));
    next_try_ = Clock::now() + milliseconds(200);
    return end->second == 0;
  }

  void TellFindings() {
    const ListeningPorts now = ReadListening("self");
    ports_.insert(now.begin(), now.end());
    if (!untraced_.empty()) {
      SendRecord(fds_.tell, Tell::kUntraced, untraced_);
    }
    SendFindings(fds_.tell, tracer_.Findings());
    for (const auto& [port, address] : ports_) {
      SendRecord(fds_.tell, Tell::kListens, fmt::format("{} {}", port, address));
    }
  }

  const SandboxPlan& plan_;
  const InsideFds fds_;
  base::UniqueFd signals_;
  base::UniqueFd notify_;
  std::vector<base::UniqueFd> sockets_;
  FileTracer tracer_;
  std::string untraced_;
  std::map<pid_t, int> ended_;  // -> exit code
  ListeningPorts ports_;
  Clock::time_point next_look_;
  Clock::time_point listens_since_ = Clock::now();
  Clock::time_point start_;
  pid_t service_ = -1;
  bool is_ready_ = false;
  std::set<pid_t> say_ready_;
  std::unique_ptr<Probe> probe_;
  pid_t check_ = -1;  // a check that is a command
  Clock::time_point check_end_;
  Clock::time_point next_try_;
  std::string problem_;  // of the last try
};

}  // namespace

void RunInside(const SandboxPlan& plan, const InsideFds& fds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    Inside(plan, fds).Run();
  } catch (const std::exception& error) {
    try {
      SendRecord(fds.tell, Tell::kFailed, error.what());
    } catch (const base::Error&) {  // nobody listens
    }
  }
  ::_exit(0);
}

}  // namespace builder
