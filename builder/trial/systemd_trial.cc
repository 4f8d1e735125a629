#include "builder/trial/systemd_trial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <thread>
#include <utility>

#include "activator/os/systemd.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "builder/trial/follower.h"
#include "builder/trial/hold.h"
#include "builder/trial/probe.h"
#include "units/auxiliary_units.h"
#include "units/render.h"

namespace builder {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr const char* kUnits = "/run/systemd/system/";
constexpr const char* kHeldAt = "/run/slipway-hold";  // in the image
constexpr milliseconds kPause{100};
constexpr int kCannotExecute = 203;  // systemd's EXIT_EXEC, and that of the program that holds

// Also after an interruption, which base::Run would not survive. Not for ever: systemd may hang.
void RunAnyway(const std::vector<std::string>& argv) {
  const base::UniqueFd null = base::Open("/dev/null", O_RDWR);
  const Clock::time_point end = Clock::now() + std::chrono::seconds(30);
  try {
    const pid_t pid = base::Spawn(argv, {null.get(), null.get(), null.get()});
    while (::waitpid(pid, nullptr, WNOHANG) == 0) {
      if (Clock::now() > end) {
        ::kill(pid, SIGKILL);
      }
      std::this_thread::sleep_for(milliseconds(20));
    }
  } catch (const base::Error&) {  // then there is no systemctl
  }
}

// Written while it lives, and known to systemd; stopped, unknown and removed afterwards.
class TransientUnits {
 public:
  explicit TransientUnits(const std::vector<units::RenderedUnit>& units) {
    for (const units::RenderedUnit& unit : units) {
      base::WriteFileAtomically(kUnits + unit.name, unit.text);
      names_.push_back(unit.name);
    }
  }
  ~TransientUnits() {
    std::vector<std::string> kill = {"systemctl", "kill", "--signal=SIGKILL"};
    std::vector<std::string> stop = {"systemctl", "stop"};
    std::vector<std::string> forget = {"systemctl", "reset-failed"};
    for (std::vector<std::string>* command : {&kill, &stop, &forget}) {
      command->insert(command->end(), names_.begin(), names_.end());
    }
    RunAnyway(kill);
    RunAnyway(stop);
    RunAnyway(forget);
    for (const std::string& name : names_) {
      ::unlink((kUnits + name).c_str());
    }
    RunAnyway({"systemctl", "daemon-reload"});
  }
  TransientUnits(const TransientUnits&) = delete;
  TransientUnits& operator=(const TransientUnits&) = delete;

  void Load() { systemd_.DaemonReload(); }
  activator::UnitState StateOf(const std::string& unit) { return systemd_.Show({unit}).at(unit); }
  void Start(const std::string& unit) { systemd_.Start({unit}, activator::Jobs::kQueue); }
  bool Has(const std::string& unit) const {
    return std::find(names_.begin(), names_.end(), unit) != names_.end();
  }

 private:
  std::vector<std::string> names_;
  activator::RealSystemd systemd_;
};

// As `systemctl status` says it, and a shell.
std::pair<int, std::string> EndOf(const activator::UnitState& state) {
  if (state.result == "signal" || state.result == "core-dump") {
    return {128 + state.exit_status, fmt::format("signal {} ended it", state.exit_status)};
  }
  if (state.result == "exit-code" && state.exit_status == kCannotExecute) {
    return {state.exit_status, "its program cannot be run (203/EXEC)"};
  }
  if (state.result == "exit-code" || state.result == "success") {
    return {state.exit_status, fmt::format("it ended with exit code {}", state.exit_status)};
  }
  return {state.exit_status, "systemd ended it: " + state.result};
}

class Watch {
 public:
  Watch(TransientUnits& units, std::string unit, const TrialService& trial,
        std::chrono::seconds limit)
      : units_(units), unit_(std::move(unit)), service_(trial.service), limit_(limit) {}

  SandboxRecord Run(bool held) {
    try {
      RunHook(units::AuxiliaryUnitName(unit_, units::AuxiliaryUnit::kBeforeStart));
      start_ = Clock::now();  // hooks have their own time
      units_.Start(unit_);
      if (held) {
        FollowHeld();
      } else {
        out_.untraced = "not on this processor";
      }
      WaitUntilKnown();
      out_.stood = true;
    } catch (const base::Error& error) {
      if (error.code() == base::ExitCode::kInterrupted) {
        throw;
      }
      out_.why = error.what();
    }
    if (follower_) {
      follower_->Finish(out_);
    }
    return std::move(out_);
  }

 private:
  bool IsOver() const { return Clock::now() - start_ >= limit_; }
  static void Pause() {
    base::ThrowIfInterrupted();
    std::this_thread::sleep_for(kPause);
  }

  // A oneshot unit beside the service.
  void RunHook(const std::string& unit) {
    if (!units_.Has(unit)) {
      return;
    }
    units_.Start(unit);
    for (;;) {
      Pause();
      const activator::UnitState state = units_.StateOf(unit);
      if (!state.has_job && state.active != "activating") {
        if (state.active == "failed") {
          base::Fail(base::ExitCode::kFailed, "before the start: {}", EndOf(state).second);
        }
        return;
      }
    }
  }

  void FollowHeld() {
    for (; !IsOver(); Pause()) {
      const activator::UnitState state = units_.StateOf(unit_);
      if (state.main_pid != 0 && IsStopped(state.main_pid)) {
        follower_ = std::make_unique<Follower>(static_cast<pid_t>(state.main_pid));
        return;
      }
      if (state.IsDown() && !state.has_job) {
        return;  // why, whoever looks next finds out
      }
    }
    base::Fail(base::ExitCode::kFailed, "it was not started within {} s", limit_.count());
  }

  static bool IsStopped(uint64_t pid) {
    const auto text = base::ReadFileIfThere(fmt::format("/proc/{}/stat", pid));
    return text && text->find(") T ") != std::string::npos;
  }

  void WaitUntilKnown() {
    for (;; Pause()) {
      const activator::UnitState state = units_.StateOf(unit_);
      NotePorts(state);
      if (state.IsDown() && !state.has_job) {
        out_.exit_code = EndOf(state).first;
        base::Fail(base::ExitCode::kFailed, "{}", EndOf(state).second);
      }
      if (state.active == "active" && state.sub == "exited") {  // a oneshot
        out_.exit_code = 0;
        if (!service_.health.HasCheck()) {
          return;
        }
      }
      const bool is_active = state.active == "active";
      if (is_active && service_.health.HasCheck() && CheckPasses(state)) {
        NotePorts(state);
        out_.passed_after = std::chrono::duration_cast<milliseconds>(Clock::now() - start_);
        return;
      }
      if (IsOver()) {
        FailIfNotWell(is_active);
        return;
      }
    }
  }

  void NotePorts(const activator::UnitState& state) {
    if (state.main_pid != 0) {
      const ListeningPorts ports = ReadListening(std::to_string(state.main_pid));
      out_.ports.insert(ports.begin(), ports.end());
    }
  }

  void FailIfNotWell(bool is_active) const {
    if (!is_active) {
      base::Fail(base::ExitCode::kFailed, "it was not ready within {} s", limit_.count());
    }
    if (service_.health.HasCheck()) {
      base::Fail(base::ExitCode::kFailed, "its check did not pass within {} s: {}", limit_.count(),
                 problem_);
    }
  }

  bool CheckPasses(const activator::UnitState& state) {
    const std::string check = units::AuxiliaryUnitName(unit_, units::AuxiliaryUnit::kCheck);
    if (units_.Has(check)) {
      units_.Start(check);
      activator::UnitState asked = units_.StateOf(check);
      for (; asked.has_job || asked.active == "activating"; asked = units_.StateOf(check)) {
        if (IsOver()) {
          problem_ = "it has not ended";
          return false;
        }
        Pause();
      }
      problem_ = EndOf(asked).second;
      return asked.active == "active";  // RemainAfterExit=yes
    }
    return Answers(state.main_pid);
  }

  bool Answers(uint64_t process) {
    const std::string path = fmt::format("/proc/{}/ns/net", process);
    const base::UniqueFd network(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (process == 0 || !network.valid()) {
      problem_ = "it has no process";  // what became of it, whoever looks next finds out
      return false;
    }
    Probe probe(service_.health, network.get());
    pollfd one{probe.fd(), POLLIN, 0};
    while (::poll(&one, 1, 0) <= 0) {
      if (IsOver()) {
        problem_ = "it was not answered";
        return false;
      }
      Pause();
    }
    const std::optional<std::string> problem = probe.Answer();
    problem_ = problem.value_or("");
    return !problem;
  }

  TransientUnits& units_;
  const std::string unit_;
  const images::Service& service_;
  const std::chrono::seconds limit_;
  Clock::time_point start_ = Clock::now();
  std::unique_ptr<Follower> follower_;
  std::string problem_;
  SandboxRecord out_;
};

std::string EndOfFile(const std::string& path) {
  constexpr uint64_t kMost = uint64_t{64} << 10;
  if (!base::Exists(path)) {
    return "";
  }
  const base::UniqueFd file = base::OpenForReading(path);
  const uint64_t size = base::FileSize(path);
  const auto bytes = base::PRead(file.get(), size - std::min(size, kMost), kMost, path);
  return std::string(base::AsText(bytes));
}

}  // namespace

SandboxRecord RunUnderSystemd(const images::ImageDirectory& image, const TrialService& trial,
                              std::chrono::seconds limit, const std::string& folder) {
  const std::string name = fmt::format("slipway-try-{}-{}", trial.name, ::getpid());
  images::Service service = trial.service;
  const bool held = WriteHold(folder + "/hold");
  if (held) {
    service.exec.insert(service.exec.begin(), kHeldAt);
    service.binds.push_back({folder + "/hold", kHeldAt});
  }
  const std::string output = folder + "/output";
  std::map<std::string, std::string>& lines = service.directives["Service"];
  lines["StandardOutput"] = lines["StandardError"] = "append:" + output;
  // Where we are killed, it ends all the same.
  lines["RuntimeMaxSec"] = std::to_string(limit.count() + 60);
  lines["TimeoutStartSec"] = lines["RuntimeMaxSec"];  // the same for a oneshot
  images::StoredManifest stored = image.stored();
  stored.manifest.services = {{name, service}};
  stored.manifest.image.verity_root.reset();  // only a host has the tree
  std::vector<units::RenderedUnit> rendered = units::Render(stored, image.path());
  for (units::RenderedUnit& unit : units::RenderAuxiliaryUnits(stored, image.path())) {
    rendered.push_back(std::move(unit));
  }
  SandboxRecord out;
  {
    TransientUnits units(rendered);
    units.Load();
    out = Watch(units, name + ".service", trial, limit).Run(held);
  }
  out.output = EndOfFile(output);
  return out;
}

}  // namespace builder
