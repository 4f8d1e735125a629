#include "builder/trial/systemd_trial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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
constexpr milliseconds kTick{100};
constexpr int kCannotExecute = 203;  // systemd's EXIT_EXEC, and that of the program that holds

// Also after an interruption, which base::Run would not survive.
void RunAnyway(const std::vector<std::string>& argv) {
  const base::UniqueFd null = base::Open("/dev/null", O_RDWR);
  try {
    const pid_t pid = base::Spawn(argv, {null.get(), null.get(), null.get()});
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
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
    std::this_thread::sleep_for(kTick);
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
        return;
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
        Pause();
      }
      problem_ = EndOf(asked).second;
      return asked.active == "active";  // RemainAfterExit=yes
    }
    const std::string path = fmt::format("/proc/{}/ns/net", state.main_pid);
    const base::UniqueFd network = base::Open(path, O_RDONLY);
    const std::optional<std::string> problem = Probe(service_.health, network.get()).Answer();
    problem_ = problem.value_or("");
    return !problem;
  }

  TransientUnits& units_;
  const std::string unit_;
  const images::Service& service_;
  const std::chrono::seconds limit_;
  const Clock::time_point start_ = Clock::now();
  std::unique_ptr<Follower> follower_;
  std::string problem_;
  SandboxRecord out_;
};

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
  if (!service.listen.empty()) {
    service.directives["Unit"]["JoinsNamespaceOf"] = name + ".socket";
  }
  images::StoredManifest stored = image.stored();
  stored.manifest.services = {{name, service}};
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
  out.output = base::ReadFileIfThere(output).value_or("");
  return out;
}

}  // namespace builder
