#include "activator/gate_login.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "activator/gate/gate.h"
#include "activator/gate/gate_command.h"
#include "activator/gate/permission.h"
#include "activator/state/generations.h"
#include "activator/state/record_event.h"
#include "activator/state/root.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/printable.h"
#include "base/process.h"
#include "base/unique_fd.h"
#include "pusher/protocol/failure_line.h"
#include "pusher/protocol/gate_words.h"
#include "pusher/protocol/protocol.h"

namespace activator {
namespace {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::chrono::seconds kPulse(5);
constexpr std::chrono::milliseconds kRecordPatience(3000);

// Who has logged in, and what the client asked for.
struct Client {
  std::string by;                      // "alice (gate) from 10.0.0.1"
  std::optional<std::string> command;  // nullopt: a shell
};

// From here on nothing of the client's is in the environment.
Client TakeClient(const std::string& who) {
  Client out;
  if (const char* command = std::getenv("SSH_ORIGINAL_COMMAND"); command != nullptr) {
    out.command = command;
  }
  const char* connection = std::getenv("SSH_CONNECTION");
  const std::string from = base::Printable(connection == nullptr ? "" : connection, 64);
  const std::string address = from.substr(0, from.find(' '));
  out.by = who + " (gate)" + (address.empty() ? "" : " from " + address);
  if (::clearenv() != 0 || ::setenv("PATH", kPath, 1) != 0 || ::chdir("/") != 0) {
    base::FailErrno(errno, "cannot empty the environment");
  }
  return out;
}

void Say(const base::Io& io, const std::string& word) {
  io.WriteOut(fmt::format("\n{}{}\n", pusher::kOurWord, word));
}

// Passes on to the client what is written to its pipe, and says every few seconds that we live. The
// client is never waited for: it could hold up a switch, which has the host's lock. What it does
// not take at once is lost; the last words of the login are waited for.
class Pump {
 public:
  explicit Pump(int client)
      : client_(client), thread_([this] {
          while (PassOn(kPulse)) {
          }
        }) {}
  // Once whoever writes has ended.
  ~Pump() {
    pipe_.write.Reset();
    stop_.write.Reset();
    thread_.join();
  }
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  int write_end() const { return pipe_.write.get(); }

 private:
  bool PassOn(std::chrono::milliseconds patience);
  void Offer(std::string_view text);

  const int client_;
  base::Pipe pipe_;
  base::Pipe stop_;
  bool in_line_ = false;
  std::thread thread_;  // last: it uses the others
};

// False: that was all. A switch that goes on without us may still have the pipe.
bool Pump::PassOn(std::chrono::milliseconds patience) {
  std::array<pollfd, 2> fds{{{pipe_.read.get(), POLLIN, 0}, {stop_.read.get(), POLLIN, 0}}};
  const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(patience.count()));
  if (ready == 0) {
    Offer(fmt::format("{}{}ALIVE\n", in_line_ ? "\n" : "", pusher::kOurWord));
    return true;
  }
  if ((fds[0].revents & POLLIN) == 0) {
    return ready < 0 ? errno == EINTR : fds[0].revents == 0 && fds[1].revents == 0;
  }
  std::array<char, PIPE_BUF> part{};
  const ssize_t got = ::read(pipe_.read.get(), part.data(), part.size());
  if (got > 0) {
    Offer({part.data(), static_cast<size_t>(got)});
  }
  return got > 0 || (got < 0 && errno == EINTR);
}

// At most PIPE_BUF bytes, which do not block where the client's end can be written.
void Pump::Offer(std::string_view text) {
  pollfd client{client_, POLLOUT, 0};
  if (::poll(&client, 1, 0) == 1 && (client.revents & POLLOUT) != 0 &&
      ::write(client_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) {
    in_line_ = text.back() != '\n';
  } else {
    in_line_ = true;
  }
}

class GateLogin {
 public:
  GateLogin(const std::string& root, const std::string& who, Client client, const RunWords& run,
            const base::Io& io)
      : layout_(root), who_(who), client_(std::move(client)), run_(run), io_(io) {}

  int Run();

 private:
  using Words = std::vector<std::string>;

  GateCommand Take() const;
  int Do(const GateCommand& command) const;
  int Switch(const GateCommand& command) const;
  int Report(const GateCommand& command) const;
  Words Arguments(const Words& more) const;
  void Record(const std::string& why) const;

  const images::HostLayout layout_;
  const std::string who_;
  const Client client_;
  const RunWords& run_;
  const base::Io io_;
};

// What is asked for, once it is known that it may be.
GateCommand GateLogin::Take() const {
  if (::geteuid() != 0 || IsDirectoryHost(layout_)) {
    base::Fail(base::ExitCode::kFailed, "a gate is for root's own login on a real host");
  }
  CheckRoot(layout_);
  const GateOperator who = LoadOperator(layout_, who_);
  const std::string asked = client_.command.value_or("");
  if (!asked.starts_with(pusher::kGateWord)) {
    base::Fail(base::ExitCode::kUsage,
               "{}, which runs no commands: say so with --gate, or \"gate\": true in hosts.json",
               pusher::kIsGate);
  }
  GateCommand out = ParseGateCommand(asked);
  if (out.protocol < pusher::kProtocolMin) {
    base::Fail(base::ExitCode::kFailed,
               "the sender speaks version {} of the push protocol, this host {} to {}; update the "
               "older one",
               out.protocol, pusher::kProtocolMin, pusher::kProtocolMax);
  }
  switch (out.task) {
    case GateTask::kReceive:
      RequireVerb(who, Verb::kPush);
      break;
    case GateTask::kReport:
      RequireVerb(who, Verb::kReport);
      break;
    case GateTask::kRollback:
      RequireVerb(who, Verb::kRollback);
      RequireApplication(who, out.application);
      break;
    case GateTask::kActivate:  // which of the two it is, the switch finds under the lock
      if (!who.may.contains(Verb::kRollback)) {
        RequireVerb(who, Verb::kActivate);
      }
      break;
  }
  return out;
}

GateLogin::Words GateLogin::Arguments(const Words& more) const {
  Words out = {"--root", layout_.root(), "--by", client_.by, "--gate-operator", who_};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

int GateLogin::Switch(const GateCommand& command) const {
  Words words = {"--for-imgpush", "--id", command.activation_id};
  if (command.lock_wait_seconds) {
    words.insert(words.end(), {"--lock-wait", std::to_string(*command.lock_wait_seconds)});
  }
  if (command.task == GateTask::kRollback) {
    words.insert(words.end(), {"--rollback", command.application});
  } else {
    words.insert(words.end(), {"--generation", std::to_string(command.generation)});
  }
  base::Io io = io_;
  io.err_is_terminal = io.in_is_terminal = false;
  const base::UniqueFd nothing = base::Open("/dev/null", O_RDONLY);
  io.in = nothing.get();
  Say(io_, "STARTED");
  int code = 0;
  {
    const Pump pump(io_.out);
    io.out = io.err = pump.write_end();  // one stream, as lines
    code = run_(Arguments(words), io);
  }
  const uint64_t current = CurrentGeneration(layout_);
  Say(io_,
      fmt::format("ENDED {} {}", code, current == kNoGeneration ? "" : std::to_string(current)));
  return code;
}

// A report is whole before it begins: checks may take their time.
int GateLogin::Report(const GateCommand& command) const {
  const base::UniqueFd text(::memfd_create("report", MFD_CLOEXEC));
  if (!text.valid()) {
    base::FailErrno(errno, "cannot keep the report");
  }
  int code = 0;
  {
    const Pump alive(io_.out);
    base::Io io = io_;
    io.out = text.get();
    code = run_(Arguments(command.report), io);
  }
  Say(io_, fmt::format("STATUS {}", code));
  Say(io_, "STARTED");
  const auto size_bytes = static_cast<size_t>(base::Fstat(text.get(), "the report").st_size);
  io_.WriteOut(base::AsText(base::PRead(text.get(), 0, size_bytes, "the report")));
  return code;
}

int GateLogin::Do(const GateCommand& command) const {
  switch (command.task) {
    case GateTask::kReceive:
      Say(io_, fmt::format("GATE {}", pusher::kProtocolMax));
      return run_(Arguments({"receive"}), io_);
    case GateTask::kActivate:
    case GateTask::kRollback:
      return Switch(command);
    case GateTask::kReport:
      return Report(command);
  }
  return 0;
}

void GateLogin::Record(const std::string& why) const {
  Event event;
  event.by = client_.by;
  event.reason = base::Printable(why, 300);
  event.what = base::Printable(client_.command.value_or("a shell"), 100);
  try {
    const base::FileLock lock(layout_.Lock(), "the host", "a refusal of " + client_.by,
                              kRecordPatience);
    event.generation = ActiveGeneration(layout_);
    RecordRefusal(layout_, std::move(event), base::SystemClock().Now());
  } catch (const base::Error& error) {
    io_.Err("activate: this is not on record: {}\n", error.what());
  }
}

bool IsRefusal(const base::Error& error) {
  return error.code() == base::ExitCode::kUsage || error.code() == base::ExitCode::kVerification;
}

int GateLogin::Run() {
  GateCommand command;
  try {
    command = Take();
  } catch (const base::Error& error) {
    Say(io_, fmt::format("REFUSED {}", base::Printable(error.what())));
    if (IsRefusal(error)) {
      Record(error.what());
    }
    return static_cast<int>(error.code());
  }
  try {
    return Do(command);
  } catch (const base::Error& error) {  // the sender was told
    if (IsRefusal(error)) {
      Record(error.what());
    }
    throw;
  }
}

}  // namespace

int RunGate(const std::string& root, const std::string& who, const RunWords& run,
            const base::Io& io) {
  return GateLogin(root, who, TakeClient(who), run, io).Run();
}

}  // namespace activator
