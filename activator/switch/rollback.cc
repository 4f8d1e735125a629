#include "activator/switch/rollback.h"

#include <functional>
#include <optional>

#include "activator/health/auxiliary_units.h"
#include "activator/health/health.h"
#include "activator/health/restart.h"
#include "activator/health/stopping.h"
#include "activator/host/dependents.h"
#include "activator/host/installed_units.h"
#include "activator/host/unit_links.h"
#include "activator/state/generations.h"
#include "activator/state/record_event.h"
#include "activator/switch/data_folders.h"
#include "activator/switch/replacement.h"
#include "base/error.h"

namespace activator {
namespace {

class Rollback {
 public:
  Rollback(const Host& host, SwitchRecord record, const std::exception& why)
      : host_(host),
        record_(std::move(record)),
        reason_(why.what()),
        detail_(base::DetailOf(why)) {}

  RollbackResult Go(RecoveryMode mode);

 private:
  // Goes on after a failure: each part brings the host nearer to what it was.
  void Try(const char* what, const std::function<void()>& part);
  InstalledUnits UnitsOfTo() const;
  void NoteInRecord();
  UnitNames ToStop() const;
  void RestoreFiles();
  AppFolders MustWait() const;
  void Stop(RecoveryMode mode);
  InstalledUnits StartStopped();
  RollbackResult StartAgain();
  void NameFailure(const std::function<void()>& part) const;
  void QueueAgain();
  void MarkTo(const RollbackResult& result) const;
  void MarkAndForget(RollbackResult& result);
  [[noreturn]] void FailBack() const;
  // Before units are stopped for the first time nothing runs differently, and restarting would
  // break what runs. After a reboot nothing runs.
  bool TouchedServices(RecoveryMode mode) const {
    return rebooted_ ? mode == RecoveryMode::kRestart : record_.phase != SwitchPhase::kIntent;
  }

  const Host& host_;
  SwitchRecord record_;
  const std::string reason_;
  bool rebooted_ = false;
  InstalledUnits from_;
  InstalledUnits to_;
  UnitDifference difference_;
  std::optional<UnitReplacement> replacement_;
  std::string errors_;
  base::Error::Detail detail_;  // of why it goes back, and of the errors
  int error_number_ = 0;        // of the last of them
};

void Rollback::Try(const char* what, const std::function<void()>& part) {
  try {
    part();
  } catch (const std::exception& error) {
    const auto* known = dynamic_cast<const base::Error*>(&error);
    error_number_ = known != nullptr ? known->error_number() : 0;
    errors_ += fmt::format("{}{}: {}", errors_.empty() ? "" : "; ", what, error.what());
    const base::Error::Detail more = base::DetailOf(error);
    detail_.insert(detail_.end(), more.begin(), more.end());
  }
}

// Where `to` is damaged, every unit that is linked may be its.
InstalledUnits Rollback::UnitsOfTo() const {
  try {
    return LoadUnits(host_.layout, record_.to);
  } catch (const base::Error&) {
    InstalledUnits out;
    for (const std::string& name : LinkedUnits(host_)) {
      out[name];
    }
    return out;
  }
}

void Rollback::MarkTo(const RollbackResult& result) const {
  std::optional<Generation> to = FindGeneration(host_.layout, record_.to);
  if (!to) {
    return;  // damaged; nobody can activate it, and the history has the event
  }
  to->state = result.is_up ? GenerationState::kRolledBack : GenerationState::kFailed;
  to->reason = result.is_up ? reason_
                            : fmt::format("{}; and generation {} did not come up again: {}",
                                          reason_, record_.from, result.problem);
  StoreGeneration(host_.layout, *to);
}

void Rollback::NoteInRecord() {
  record_.reason = reason_;
  if (record_.phase != SwitchPhase::kIntent) {
    record_.phase = SwitchPhase::kGoingBack;
  }
  try {
    WriteSwitchRecord(host_.layout, record_);
  } catch (const base::Error&) {
    // A full disk must not stop the way back; recovery goes back from the old record as well.
  }
}

// What is behind a socket is restarted later, and a run that a timer started before the switch ends
// by itself; one of `to` does not.
UnitNames Rollback::ToStop() const {
  UnitNames stop = (difference_.added + difference_.changed) - difference_.in_place;
  for (const auto& [name, state] : host_.systemd.Show(ScheduledInBoth(from_, to_))) {
    if (state.main_pid != 0 && !host_.systemd.RunsFrom(state, to_.at(name).image_path)) {
      stop = stop - UnitNames{name};
    }
  }
  return stop;
}

// What the data folders are given back from must be down by then.
void Rollback::Stop(RecoveryMode mode) {
  replacement_->Stop(host_.systemd.Show(ToStop()));
  mode == RecoveryMode::kAtBoot || !record_.folders.empty()
      ? replacement_->AwaitStops()
      : replacement_->AwaitStopsBeforeReload();
}

// Of a generation that is damaged nobody knows: all wait.
AppFolders Rollback::MustWait() const {
  try {
    return TakingPorts(host_.layout, record_.to, record_.from);
  } catch (const base::Error&) {
    return {""};
  }
}

void Rollback::RestoreFiles() {
  if (record_.phase != SwitchPhase::kIntent) {
    Try("folders", [&] { RestoreDataFolders(host_, record_.folders); });
  }
  Try("current", [&] { SetCurrentGeneration(host_.layout, record_.from); });
  Try("links", [&] { EnsureUnitLinks(host_, NamesOf(from_)); });
  Try("links", [&] { RemoveUnitLinks(host_, difference_.added); });
  Try("hooks", [&] { EnsureAuxiliaryLinks(host_, record_.from); });
  Try("daemon-reload", [&] { host_.systemd.DaemonReload(); });
}

// Of the host's own units: whether generation `from` is up does not depend on them.
void Rollback::NameFailure(const std::function<void()>& part) const {
  try {
    part();
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;  // services may be down: the record must stay
    }
    host_.io.Err("activate: a unit of the host's own that stopped along with ours: {}\n",
                 error.what());
  }
}

void KeepFirstError(const std::function<void()>& part, std::exception_ptr& first) {
  try {
    part();
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;  // services may be down: the record must stay
    }
    first = first ? first : std::current_exception();
  }
}

// Whatever is refused, the others start; the first error is thrown afterwards.
InstalledUnits Rollback::StartStopped() {
  const UnitNames in_place = difference_.in_place;
  const UnitNames all = NamesOf(Unscheduled(from_));
  InstalledUnits again = Unscheduled(
      rebooted_ ? from_ : Select(from_, difference_.changed + difference_.removed + in_place));
  std::exception_ptr refused;
  const auto attempt = [&](const auto& part) { KeepFirstError(part, refused); };
  const auto start = [&](const InstalledUnits& ready) {
    attempt([&] {
      // A unit that ended five times has used up its start limit, which counts this start too.
      host_.systemd.ResetFailed(NamesOf(ready));
      host_.systemd.Start(NamesOf(ready) - in_place, Jobs::kAwaitBriefly);
    });
  };
  attempt([&] { host_.systemd.ResetFailed(difference_.added); });
  // What systemd stopped along with them is down, too. What still stops is not waited for yet.
  attempt([&] { again.merge(Select(from_, DownUnits(host_, all - replacement_->stopping()))); });
  replacement_->Start(again, MustWait(), start);
  attempt([&] {
    InstalledUnits later = Select(from_, DownUnitsAfterStop(host_, all - NamesOf(again)));
    start(later);
    again.merge(later);
  });
  attempt([&] { RestartInPlace(host_, in_place); });
  attempt([&] { again.merge(StartOthers(host_, record_.adopted)); });
  if (refused) {
    std::rethrow_exception(refused);
  }
  return again;
}

RollbackResult Rollback::StartAgain() {
  try {
    const InstalledUnits again = StartStopped();
    InstalledUnits dependents;
    if (!rebooted_) {  // else they came up with the host, as far as they are to
      NameFailure([&] { dependents = StartOthers(host_, record_.dependents); });
    }
    WaitUntilStarted(host_, again, std::nullopt);
    NameFailure([&] { WaitUntilStarted(host_, dependents, std::nullopt); });
    WaitUntilSettled(host_, again);
    return {.is_up = true};
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;  // services may be down: the record must stay
    }
    return {.is_up = false, .problem = error.what(), .detail = error.detail()};
  }
}

// The start of those that are down is the caller's.
void Rollback::QueueAgain() {
  host_.systemd.ResetFailed(difference_.changed + difference_.added + difference_.in_place);
  QueueRestartInPlace(host_, difference_.in_place);
}

void Rollback::MarkAndForget(RollbackResult& result) {
  result.event = EventOf(record_, result.is_up ? "rolled-back" : "failed");
  result.event.reason = reason_;
  result.event.cut_off = reason_ == CutOffReason(record_);
  RecordEvent(host_.layout, result.event);
  MarkTo(result);
  if (std::optional<Generation> from = FindGeneration(host_.layout, record_.from)) {
    from->state = GenerationState::kActive;
    StoreGeneration(host_.layout, *from);
  }
  RemoveSwitchRecord(host_.layout);
}

void Rollback::FailBack() const {
  base::Error error(base::ExitCode::kNeedsAttention,
                    fmt::format("{}. Going back to {} did not work: {}. The next `activate` tries "
                                "again; see `activate status`",
                                reason_, GenerationName(record_.from), errors_),
                    error_number_);
  error.AddDetail(detail_);
  throw error;
}

RollbackResult Rollback::Go(RecoveryMode mode) {
  rebooted_ = record_.boot_id != BootId();
  try {
    from_ = LoadUnits(host_.layout, record_.from);
  } catch (const base::Error& error) {
    throw base::Error(base::ExitCode::kNeedsAttention,
                      fmt::format("{}. Going back to {} is not possible: {}", reason_,
                                  GenerationName(record_.from), error.what()),
                      detail_);
  }
  to_ = UnitsOfTo();
  difference_ = Compare(from_, to_);
  replacement_.emplace(host_, to_, from_,
                       [this](const std::function<void()>& part) { Try("stop", part); });
  NoteInRecord();
  const bool touched = TouchedServices(mode);
  if (touched) {
    Try("hooks", [&] { StopAuxiliaryUnits(host_); });
    Try("stop", [&] { Stop(mode); });
  }
  RestoreFiles();
  RollbackResult result = {.is_up = true};
  if (touched && mode == RecoveryMode::kAtBoot) {
    Try("restart", [&] { QueueAgain(); });
  } else if (touched) {
    result = StartAgain();
  }
  if (errors_.empty()) {
    Try("records", [&] { MarkAndForget(result); });
  }
  if (!errors_.empty()) {
    FailBack();
  }
  return result;
}

}  // namespace

RollbackResult RollBack(const Host& host, SwitchRecord record, const std::exception& why,
                        RecoveryMode mode) {
  return Rollback(host, std::move(record), why).Go(mode);
}

}  // namespace activator
