#include "activator/gate_login.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "activator/gate/gate.h"
#include "activator/gate/gate_command.h"
#include "activator/gate/permission.h"
#include "activator/state/generations.h"
#include "activator/state/history.h"
#include "activator/state/root.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/printable.h"
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

// Says every few seconds that we live, for as long as the object does.
class Pulse {
 public:
  explicit Pulse(const base::Io& io)
      : thread_([this, io] {
          std::unique_lock<std::mutex> lock(mutex_);
          while (!ended_.wait_for(lock, kPulse, [this] { return is_over_; })) {
            io.WriteErr(fmt::format("{}ALIVE\n", pusher::kOurWord));
          }
        }) {}
  ~Pulse() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      is_over_ = true;
    }
    ended_.notify_one();
    thread_.join();
  }
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_over_ = false;
  std::thread thread_;  // last: it uses the others
};

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
  // All that it says is told in one stream, as lines.
  base::Io io = io_;
  io.err = io.out;
  io.err_is_terminal = io.in_is_terminal = false;
  const base::UniqueFd nothing = base::Open("/dev/null", O_RDONLY);
  io.in = nothing.get();
  Say(io, "STARTED");
  int code = 0;
  {
    const Pulse pulse(io);
    code = run_(Arguments(words), io);
  }
  const uint64_t current = CurrentGeneration(layout_);
  Say(io,
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
    base::Io pulse = io_;
    pulse.err = io_.out;
    const Pulse alive(pulse);
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

// The same once more is not recorded again: whoever is refused may try for ever.
void GateLogin::Record(const std::string& why) const {
  Event event;
  event.event = "gate-refused";
  event.by = client_.by;
  event.reason = base::Printable(why, 300);
  event.what = base::Printable(client_.command.value_or("a shell"), 100);
  try {
    const base::FileLock lock(layout_.Lock(), "the host", "a refusal of " + client_.by,
                              kRecordPatience);
    const std::optional<Event> last = LastEvent(layout_, [](const Event&) { return true; });
    if (last && last->event == event.event && last->by == event.by &&
        last->reason == event.reason && last->what == event.what) {
      return;
    }
    event.generation = ActiveGeneration(layout_);
    AppendEvent(layout_, std::move(event));
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
