#include "activator/activate.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "activator/command_line.h"
#include "activator/examine.h"
#include "activator/gate/permission.h"
#include "activator/gate_login.h"
#include "activator/gate_view.h"
#include "activator/health/health_prober.h"
#include "activator/host/host_files.h"
#include "activator/host/unit_directory.h"
#include "activator/many_hosts.h"
#include "activator/os/invoker.h"
#include "activator/prune/agents.h"
#include "activator/pull/override.h"
#include "activator/receive/receive.h"
#include "activator/report/report.h"
#include "activator/secret_command.h"
#include "activator/state/generations.h"
#include "activator/state/history.h"
#include "activator/state/outcome.h"
#include "activator/state/root.h"
#include "activator/state/switch_record.h"
#include "activator/switch/activation.h"
#include "activator/switch/after_boot.h"
#include "activator/switch/boot.h"
#include "activator/switch/check_image.h"
#include "activator/switch/preflight.h"
#include "activator/switch/recovery.h"
#include "activator/switch/require_healthy.h"
#include "activator/switch/transient.h"
#include "activator/tool.h"
#include "activator/uninstall.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/version.h"
#include "pusher/protocol/failure_line.h"

namespace activator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kBootPatience{120};        // nobody is there to try again
constexpr seconds kAfterBootPatience{3600};  // a switch may take long, and then ours is recorded

constexpr seconds kFresh{5};  // what was found until then counts

}  // namespace

Tool::Tool(CommandLine line, const base::Io& io, std::function<void(int)> observer)
    : line_(std::move(line)),
      io_(io),
      host_{images::HostLayout(line_.root),
            systemd_,
            base::SystemClock(),
            io_,
            "",
            &CheckImage,
            &AskOverNetwork} {
  host_.is_folder = IsDirectoryHost(host_.layout);
  const UnitDirectory units = FindUnitDirectory();
  host_.unit_directory = units.path;
  host_.configured_directory = units.configured;
  host_.observer = std::move(observer);
  host_.accounts = &accounts_;
  host_.read_image_file = &ReadImageFile;
  host_.listeners = &ReadListeners;
  host_.verity_state = &VerityStateOf;
  host_.follow_host_files = [](const Host& host) { FollowHostFiles(host); };
  if (line_.by.empty()) {
    line_.by = Invoker();
  }
  if (!line_.gate_operator.empty()) {
    gate_ = LoadOperator(host_.layout, line_.gate_operator);
  }
}

ActivationRequest Tool::Request() const {
  Timeout timeout;
  if (line_.timeout_seconds > 0) {
    timeout = seconds(line_.timeout_seconds);
  }
  ActivationRequest out{*line_.target,
                        line_.by,
                        timeout,
                        line_.activation_id,
                        ToText(*line_.target),
                        seconds(line_.confirm_within_seconds.value_or(0)),
                        line_.adopt ? UnitConflictPolicy::kAdopt : UnitConflictPolicy::kRefuse};
  if (gate_) {
    out.permit = [this](const Apps& from, const Apps& to, bool was_healthy) {
      RequireSwitch(*gate_, host_.layout, from, to, was_healthy);
    };
    out.permit_units = [this](uint64_t from, uint64_t to) {
      RequireSameUnits(*gate_, host_.layout, from, to);
    };
    out.theirs = Theirs();
  }
  return out;
}

void Tool::RequireRoot() const {
  if (!host_.is_folder && ::geteuid() != 0) {
    base::Fail(base::ExitCode::kFailed,
               "this changes the host's services: run it as root (sudo activate)");
  }
}

void Tool::RequireSystemd() const {
  if (!host_.is_folder && !HasSystemd()) {
    base::Fail(base::ExitCode::kFailed,
               "this machine does not run systemd (there is no /run/systemd/system), so there is "
               "nothing that could run the services");
  }
}

// Reading an empty or mistyped --root would look like a host without applications.
void Tool::RequireHost() const {
  if (!host_.is_folder && !base::Exists(host_.layout.Generations())) {
    base::Fail(base::ExitCode::kFailed, "{} is not a host's root: nothing was pushed there yet",
               host_.layout.root());
  }
}

void Tool::RequireServices(const char* command) const {
  if (host_.is_folder) {
    base::Fail(base::ExitCode::kFailed,
               "nothing runs from a folder as host, so there is nothing that `{}` could look at",
               command);
  }
  RequireSystemd();
}

int Tool::Start() {
  RequireRoot();
  RequireSystemd();
  RequireHost();
  const bool given_id = !line_.activation_id.empty();
  if (!given_id) {
    line_.activation_id = NewActivationId();
  }
  if (host_.is_folder) {
    if (line_.confirm_within_seconds) {
      base::Fail(base::ExitCode::kUsage,
                 "--confirm-within is for hosts: nothing runs from a folder");
    }
    const base::FileLock lock = Lock("");
    Activate(host_, Request());
    TellActivation();
    return 0;
  }
  PrepareRoot(host_.layout);
  if (given_id) {
    WaitUntilEnded(systemd_, line_.activation_id, WatchForWait(line_.confirms));
  }
  const int exit_code = RunInTransientUnit(
      host_.layout, line_.activation_id, RunSwitchArguments(line_), [this] { RequireHealthyNow(); },
      given_id ? WatchForWait(false) : nullptr, io_);
  TellActivation();
  return exit_code;
}

int Tool::RunSwitchHere() {
  IgnoreLostConnection();
  RequireRoot();
  RequireSystemd();
  PrepareRoot(host_.layout);
  const FollowersTerminal terminal(host_.io);
  const base::FileLock lock = Lock("switching, id " + line_.activation_id);
  if (const std::optional<Outcome> outcome = OutcomeSoFar()) {
    if (outcome->exit_code != 0) {
      throw base::Error(static_cast<base::ExitCode>(outcome->exit_code), outcome->summary,
                        outcome->detail);
    }
    RequireHealthyNow();
    io_.Err("activate: {}\n", outcome->summary);
    return 0;
  }
  ActivateBesideChannels();
  return 0;
}

ChooseUnits Tool::Theirs() const {
  return !gate_ ? ChooseUnits() : [this](const InstalledUnits& units) {
    return TheirsOf(*gate_, host_.layout, units);
  };
}

void Tool::RequireHealthyNow() const {
  RequireHealthy(host_, CurrentGeneration(host_.layout), {}, ", but not healthy", Theirs());
}

// What became of another's activation is not theirs to know.
void Tool::RequireOwnId(const std::optional<SwitchRecord>& cut_off) const {
  const std::string who = gate_->name + " (gate)";
  const std::string& id = line_.activation_id;
  const std::optional<Event> last =
      LastEventOf(host_.layout, id, [](const Event& /*event*/) { return true; });
  if ((last && !last->by.starts_with(who)) ||
      (cut_off && cut_off->activation_id == id && !cut_off->by.starts_with(who))) {
    base::Fail(base::ExitCode::kVerification, "activation {} is not one of {}", id, gate_->name);
  }
}

// Whoever lost the connection asks again under the same id: what was begun then is brought to its
// end and told, never done twice.
std::optional<Outcome> Tool::OutcomeSoFar() const {
  const std::optional<SwitchRecord> cut_off = ReadSwitchRecord(host_.layout);
  if (gate_) {
    RequireOwnId(cut_off);
  }
  if (cut_off && cut_off->activation_id == line_.activation_id) {
    Recover(host_, RecoveryMode::kRestart);
  }
  return FinalOutcome(host_.layout, line_.activation_id);
}

int Tool::Boot() {
  RequireRoot();
  RequireSystemd();
  PrepareRoot(host_.layout, RootCheck::kPathAlone);
  const base::FileLock lock = Lock("boot", kBootPatience);
  try {
    RunBoot(host_);
  } catch (const base::Error&) {  // what could be started was
    StartAfterBoot(host_);
    throw;
  }
  StartAfterBoot(host_);
  return 0;
}

int Tool::AfterBoot() {
  RequireRoot();
  RequireSystemd();
  IgnoreLostConnection();  // a rollback must not end half-way
  BootFindings found = LookAfterBoot(host_);
  const auto looked = host_.clock.Monotonic();
  std::optional<base::FileLock> lock;
  try {
    lock.emplace(Lock("after-boot", kAfterBootPatience));
  } catch (const base::Error&) {
    if (base::Exists(host_.layout.Generations())) {
      throw;
    }
  }
  if (!base::Exists(host_.layout.Generations())) {
    return 0;  // uninstalled meanwhile
  }
  if (host_.clock.Monotonic() - looked > kFresh) {
    LookAgain(host_, found);
  }
  FinishAfterBoot(host_, found, NewActivationId());
  return 0;
}

int Tool::Run() {
  switch (line_.command) {
    case Command::kActivate:
      return line_.dry_run ? DryRun() : Start();
    case Command::kConfirm:
      return ConfirmSwitch();
    case Command::kRunSwitch:
      return RunSwitchHere();
    case Command::kList:
      return List();
    case Command::kStatus:
      return ShowStatus();
    case Command::kLogs:
      return Logs();
    case Command::kDiff:
      return Diff();
    case Command::kHistory:
      return History();
    case Command::kAt:
      return At();
    case Command::kVerify:
      return VerifyAll();
    case Command::kPrune:
      return PruneOld();
    case Command::kUninstall:
      return UninstallAll();
    case Command::kSecret:
      return Secret();
    case Command::kRender:
      return RenderUnits();
    case Command::kReport:
      return ReportForDebugging();
    case Command::kBoot:
      return Boot();
    case Command::kAfterBoot:
      return AfterBoot();
    case Command::kReceive:
      return RunReceive(
          {line_.root, line_.by, line_.plain_directory, LockWait(ReceiveOptions().lock_wait),
           line_.older, line_.set_trust, line_.host_jobs, gate_},
          [this](const Apps& apps, const PendingManifests& coming) {
            Preflight(host_, ActiveGeneration(host_.layout), TargetOf(host_.layout, apps, coming));
          },
          line_.plain_directory ? PushRules() : RulesForPush(host_.layout, line_.overrides), io_);
    case Command::kExamine:
      Examine(host_, line_.agent_directory);
      return 0;
    case Command::kPull:
      return PullNow();
    case Command::kEnroll:
      return EnrollHost();
    case Command::kDigest:
    case Command::kHostFiles:
    case Command::kGate:
      break;  // none of a Tool's
  }
  return 0;
}

int RunActivate(const std::vector<std::string>& arguments, const base::Io& io) {
  return RunObservedActivate(arguments, io, nullptr);
}

int RunObservedActivate(const std::vector<std::string>& arguments, const base::Io& io,
                        const std::function<void(int step_done)>& observer) {
  ::umask(022);  // as a push does: records and versions are for everybody to read
  const base::LogOutput log(io);
  std::optional<CommandLine> line = ParseCommandLine(arguments, io);
  if (!line) {
    return 0;
  }
  if (!line->host.empty()) {
    if (line->secret.action == "set") {
      line->secret.value = AskForSecret(io, {line->secret.name, line->secret.key, ""});
    }
    return RunOnHosts(*line, arguments, io);
  }
  if (line->command == Command::kDigest) {
    return SayOwnDigest(io);
  }
  if (line->command == Command::kHostFiles) {
    KeepHostFiles();
  }
  if (line->command == Command::kGate) {
    return RunGate(line->root, line->gate_operator, &RunActivate, io);
  }
  const bool for_imgpush = line->for_imgpush;
  try {
    return Tool(std::move(*line), io, observer).Run();
  } catch (const base::Error& error) {
    if (!for_imgpush) {
      throw;
    }
    io.WriteErr(pusher::FailureLine(error));
    return static_cast<int>(error.code());
  }
}

}  // namespace activator
