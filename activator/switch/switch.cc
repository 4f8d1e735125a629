#include "activator/switch/switch.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>

#include "activator/health/auxiliary_units.h"
#include "activator/health/find_down.h"
#include "activator/health/health.h"
#include "activator/health/restart.h"
#include "activator/health/stopping.h"
#include "activator/host/dependents.h"
#include "activator/host/foreign_units.h"
#include "activator/host/installed_units.h"
#include "activator/host/unit_links.h"
#include "activator/state/generations.h"
#include "activator/state/outcome.h"
#include "activator/state/switch_record.h"
#include "activator/switch/commit_switch.h"
#include "activator/switch/confirmation.h"
#include "activator/switch/data_folders.h"
#include "activator/switch/replacement.h"
#include "activator/switch/rollback.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace activator {
namespace {

// Before anything is touched.
SwitchRecord RecordOf(const SwitchRequest& request, base::Clock& clock) {
  SwitchRecord out;
  out.activation_id = request.activation_id;
  out.from = request.from;
  out.to = request.to;
  out.is_rollback = request.is_rollback;
  out.boot_id = BootId();
  const auto now = clock.Now();
  out.started = base::ToIso8601(now);
  out.started_ms = base::ToUnixMs(now);
  out.by = request.by;
  out.what = request.what;
  return out;
}
constexpr std::array kSteps = {"intent recorded", "links made",  "old units stopped",
                               "current pointed", "reloaded",    "new units started",
                               "healthy",         "records done"};

class Switch {
 public:
  Switch(const Host& host, const SwitchRequest& request)
      : host_(host),
        request_(request),
        from_(LoadUnits(host.layout, request.from)),
        to_(LoadUnits(host.layout, request.to)),
        difference_(Compare(from_, to_)),
        touched_(Unscheduled(
            Select(to_, difference_.added + difference_.changed + difference_.in_place))),
        phases_(fmt::format("switch from {} to {}", request.from, request.to)) {}

  UnitNames Run();  // those that it watched

 private:
  void Done(int step) {
    phases_.Done(kSteps.at(static_cast<size_t>(step - 1)));
    if (host_.observer) {
      host_.observer(step);
    }
  }
  void SetPhase(SwitchPhase phase) {
    record_.phase = phase;
    WriteSwitchRecord(host_.layout, record_);
  }

  void LookAtWhatStops();
  void WriteIntent();   // 1
  void AddLinks();      // 2
  void StopOld();       // 3
  void PointCurrent();  // 4
  void Reload();        // 5
  void Start(const InstalledUnits& units);
  void StartNew();  // 6
  void StartDependents();
  void WaitUntilWell();
  void AwaitHealth();  // 7
  void AwaitConfirmed();
  void ForgetOldRuns();
  void FinishHealthy();  // 8
  InstalledUnits Changed() const;
  void StepsBeforeHealthy();
  [[noreturn]] void Back(const std::exception& why);

  const Host& host_;
  const SwitchRequest& request_;
  const InstalledUnits from_;
  const InstalledUnits to_;
  const UnitDifference difference_;
  InstalledUnits touched_;  // what is started and watched; the others are left alone
  UnitNames in_memory_;  // systemd had not forgotten them when they were down, nor that they failed
  std::map<std::string, UnitState> stopped_;   // as it was before
  std::map<std::string, UnitState> old_runs_;  // the last of each job that changes
  UnitReplacement replacement_{host_, from_, to_};
  UnitNames left_down_;  // units of others that depend on what is removed
  UnitNames lost_;       // what a generation that was lost left running, which is stopped too
  SwitchRecord record_;
  base::PhaseLog phases_;
};

void Switch::LookAtWhatStops() {
  const UnitNames changed = difference_.changed - ScheduledInBoth(from_, to_);
  // What a generation that was lost left running under our links.
  const UnitNames lost =
      request_.from == kNoGeneration ? LinkedUnits(host_) - record_.adopted : UnitNames();
  stopped_ = host_.systemd.Show(record_.adopted + difference_.removed +
                                (changed - difference_.in_place) + lost);
  for (const std::string& name : lost) {
    if (!stopped_.at(name).IsDown()) {
      lost_.push_back(name);
    }
  }
  std::map<std::string, UnitState> all = host_.systemd.Show(difference_.in_place);
  all.insert(stopped_.begin(), stopped_.end());
  const Dependents dependents =
      FindDependents(host_.systemd, all, difference_.removed, NamesOf(from_) + NamesOf(to_));
  left_down_ = dependents.left_down;
  record_.dependents = dependents.started_again + left_down_;
  const InstalledUnits changed_units = Changed();
  old_runs_ = host_.systemd.Show(NamesOf(changed_units) - NamesOf(Unscheduled(changed_units)));
}

void Switch::WriteIntent() {
  record_ = RecordOf(request_, host_.clock);
  record_.deadline = base::ToIso8601(host_.clock.Now() + LongestWait(touched_, request_.timeout) +
                                     request_.confirm_within);
  record_.adopted = RunningForeign(host_, difference_.added);
  record_.folders = NewDataFolders(host_, request_.from, request_.to);
  LookAtWhatStops();
  const Generation before = LoadGeneration(host_.layout, request_.to);
  try {
    WriteSwitchRecord(host_.layout, record_);
    Generation to = before;
    to.state = GenerationState::kActivating;
    to.reason.clear();
    StoreGeneration(host_.layout, to);
  } catch (const base::Error&) {
    // Nothing was touched: there is nothing to go back from. Where not even this can be done, the
    // record stays, and recovery does it.
    if (!(LoadGeneration(host_.layout, request_.to) == before)) {
      StoreGeneration(host_.layout, before);
    }
    RemoveSwitchRecord(host_.layout);
    throw;
  }
}

void Switch::AddLinks() {
  EnsureUnitLinks(host_, NamesOf(to_));
  EnsureAuxiliaryLinks(host_, request_.to);
}

UnitNames NamesOfStates(const std::map<std::string, UnitState>& states) {
  UnitNames out;
  for (const auto& [name, state] : states) {
    out.push_back(name);
  }
  return out;
}

// Whether systemd stops others along with these.
bool StopsOthers(const std::map<std::string, UnitState>& units) {
  return std::any_of(units.begin(), units.end(), [&](const auto& unit) {
    const std::vector<std::string>& along = unit.second.stops_along;
    return std::any_of(along.begin(), along.end(),
                       [&](const std::string& other) { return !units.contains(other); });
  });
}

// systemd also stops what requires or is bound to a unit that is stopped: such units of ours are
// started again with the changed ones, although they did not change. A run that a timer started
// ends by itself, under the version that it began with, where a timer starts the next one, too.
void Switch::StopOld() {
  SetPhase(SwitchPhase::kSwitching);
  if (!stopped_.empty()) {
    stopped_ = host_.systemd.Show(NamesOfStates(stopped_));  // a timer may have started one since
  }
  UnitNames unchanged;  // all may stop along with others that stop along
  if (StopsOthers(stopped_)) {
    unchanged = NamesOf(Unscheduled(to_)) - NamesOf(touched_);
  }
  const UnitNames down_before = DownUnits(host_, unchanged);
  replacement_.Stop(stopped_);
  for (const std::string& name : DownUnitsAfterStop(host_, unchanged)) {
    if (std::find(down_before.begin(), down_before.end(), name) == down_before.end()) {
      touched_.insert(*to_.find(name));
    }
  }
  replacement_.AwaitStopsBeforeReload();
}

void Switch::PointCurrent() { SetCurrentGeneration(host_.layout, request_.to); }

// A reload reads all units of the host again and takes longer than the rest of a switch. What
// systemd has forgotten, as it does with what is down and nobody refers to, it reads again anyway.
// What is removed must be gone from its memory before a unit that requires it is started.
void Switch::Reload() {
  UnitNames names = difference_.added + difference_.changed + difference_.removed;
  for (const auto& [task, text] : TaskTexts(host_.layout, request_.to)) {
    names.push_back(task);
  }
  in_memory_ = host_.systemd.InMemory(names + (NamesOf(touched_) - names));
  if (std::any_of(names.begin(), names.end(),
                  [&](const std::string& name) { return Contains(in_memory_, name); })) {
    host_.systemd.DaemonReload();
  }
}

// What only stopped along with others did not change: no hooks of it.
InstalledUnits Switch::Changed() const {
  return Select(to_, difference_.added + difference_.changed);
}

void Switch::Start(const InstalledUnits& units) {
  const UnitNames names = NamesOf(units);
  host_.systemd.ResetFailed(names - (names - in_memory_));
  host_.systemd.Start(names - difference_.in_place, Jobs::kAwaitBriefly);
}

// All of an application is down when its hooks run, so they find the state that the services before
// left.
void Switch::StartNew() {
  const AppFolders must_wait = replacement_.stopping().empty()
                                   ? AppFolders()
                                   : TakingPorts(host_.layout, request_.from, request_.to);
  InstalledUnits unhooked = Changed();  // also of services that a timer starts
  InstalledUnits started;
  replacement_.Start(touched_, must_wait, [&](const InstalledUnits& ready) {
    const bool is_last = replacement_.stopping().empty();
    const InstalledUnits hooked = is_last ? unhooked : Select(unhooked, NamesOf(ready));
    RunHooks(host_, hooked, units::AuxiliaryUnit::kBeforeStart);
    Start(ready);
    std::erase_if(unhooked, [&](const auto& unit) { return hooked.contains(unit.first); });
    started.merge(Select(ready, NamesOf(ready) - difference_.in_place));
    if (!is_last && !FindDown(host_, started).empty()) {
      WaitUntilStarted(host_, started, request_.timeout);  // says why, at once
    }
  });
  RestartInPlace(host_, difference_.in_place);
  WaitUntilStarted(host_, touched_, request_.timeout);
}

// The host's own units that stopped along.
void Switch::StartDependents() {
  InstalledUnits again;
  try {
    again = StartOthers(host_, record_.dependents - left_down_);
    WaitUntilStarted(host_, again, request_.timeout);
  } catch (base::Error& error) {
    error.AddContext("a unit of the host's own that stopped along with ours");
    throw;
  }
  touched_.insert(again.begin(), again.end());
}

// Of what was read until now: a process starts although a block of its image is damaged.
void RequireUndamaged(const Host& host, const InstalledUnits& units) {
  if (const std::vector<std::string> damaged = FindDamaged(host, units); !damaged.empty()) {
    base::Fail(base::ExitCode::kFailed, "{}", damaged.front());
  }
}

void Switch::WaitUntilWell() {
  WaitUntilSettled(host_, touched_);
  RequireUndamaged(host_, touched_);
}

void Switch::AwaitHealth() {
  WaitUntilWell();
  if (request_.confirm_within.count() > 0) {
    AwaitConfirmed();
    WaitUntilWell();  // still
  }
  RunHooks(host_, Changed(), units::AuxiliaryUnit::kAfterHealthy);
  ForgetOldRuns();
}

void Switch::AwaitConfirmed() {
  record_.confirm_until = base::ToIso8601(host_.clock.Now() + request_.confirm_within);
  base::UnlinkIfThere(host_.layout.Confirmation());  // too late, of one that is begun anew
  SetPhase(SwitchPhase::kUnconfirmed);
  AwaitConfirmation(host_, record_, request_.confirm_within);
  record_.confirm_until.clear();
  SetPhase(SwitchPhase::kSwitching);
}

// How a job's last run ended says nothing of its new version, unless that ran meanwhile.
void Switch::ForgetOldRuns() {
  UnitNames failed;
  for (const auto& [name, state] : host_.systemd.Show(NamesOfStates(old_runs_))) {
    if (state.active == "failed" && state.invocation_id == old_runs_.at(name).invocation_id) {
      failed.push_back(name);
    }
  }
  host_.systemd.ResetFailed(failed);
}

void Switch::FinishHealthy() {
  if (!left_down_.empty()) {
    host_.io.Err("activate: stopped, because they depend on what was removed: {}\n",
                 fmt::join(left_down_, ", "));
  }
  try {
    CommitSwitch(host_, record_);
  } catch (const base::Error& error) {
    base::Fail(base::ExitCode::kNeedsAttention,
               "generation {} runs and is healthy, but its records could not be finished: {}. The "
               "next `activate` finishes them",
               request_.to, error.what());
  }
}

void Switch::Back(const std::exception& why) {
  phases_.Done("failed");
  const bool has_stopped = record_.phase != SwitchPhase::kIntent;
  const RollbackResult result = RollBack(host_, record_, why, RecoveryMode::kRestart);
  phases_.Done("rolled back");
  Outcome outcome = OutcomeOf(result.event, result.problem).value();
  if (!lost_.empty() && has_stopped) {
    outcome.exit_code = static_cast<int>(base::ExitCode::kNeedsAttention);
    outcome.detail = {fmt::format("what a lost generation had left running was stopped: {}",
                                  fmt::join(lost_, ", "))};
  }
  base::Error error(static_cast<base::ExitCode>(outcome.exit_code), outcome.summary,
                    outcome.detail);
  error.AddDetail(base::DetailOf(why));
  error.AddDetail(result.detail);
  throw error;
}

void Switch::StepsBeforeHealthy() {
  AddLinks();
  Done(2);
  StopOld();
  Done(3);
  PointCurrent();
  Done(4);
  Reload();
  Done(5);
  StartNew();
  StartDependents();
  Done(6);
  AwaitHealth();
  Done(7);
  SetPhase(SwitchPhase::kHealthy);
}

UnitNames Switch::Run() {
  WriteIntent();
  Done(1);
  try {
    StepsBeforeHealthy();
  } catch (const std::exception& error) {  // whatever it is, the services must come back
    // The record on disk may say healthy already (a failed sync of its directory); what counts is
    // that we go back now, and the way back writes it anew.
    record_.phase =
        record_.phase == SwitchPhase::kIntent ? SwitchPhase::kIntent : SwitchPhase::kSwitching;
    Back(error);
  }
  FinishHealthy();
  Done(8);
  return NamesOf(touched_);
}

UnitNames SwitchFolder(const Host& host, const SwitchRequest& request) {
  SwitchRecord record = RecordOf(request, host.clock);
  WriteSwitchRecord(host.layout, record);
  SetCurrentGeneration(host.layout, request.to);
  record.phase = SwitchPhase::kHealthy;
  WriteSwitchRecord(host.layout, record);
  CommitSwitch(host, record);
  return {};
}

}  // namespace

std::string BootId() {
  std::string out = base::ReadFileIfThere("/proc/sys/kernel/random/boot_id").value_or("");
  while (out.ends_with('\n')) {
    out.pop_back();
  }
  return out;
}

UnitNames RunSwitch(const Host& host, const SwitchRequest& request) {
  return host.is_folder ? SwitchFolder(host, request) : Switch(host, request).Run();
}

}  // namespace activator
