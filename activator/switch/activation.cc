#include "activator/switch/activation.h"

#include <optional>
#include <string_view>

#include "activator/health/auxiliary_units.h"
#include "activator/health/check_now.h"
#include "activator/health/find_down.h"
#include "activator/health/health.h"
#include "activator/health/stopping.h"
#include "activator/host/boot_unit.h"
#include "activator/host/foreign_units.h"
#include "activator/host/install_self.h"
#include "activator/host/installed_units.h"
#include "activator/host/unit_links.h"
#include "activator/state/generations.h"
#include "activator/state/history.h"
#include "activator/state/lost_current.h"
#include "activator/state/record_event.h"
#include "activator/switch/preflight.h"
#include "activator/switch/recovery.h"
#include "activator/switch/require_healthy.h"
#include "activator/switch/start_again.h"
#include "activator/switch/switch.h"
#include "activator/switch/users.h"
#include "activator/trust/host_trust.h"
#include "base/error.h"
#include "base/log.h"
#include "base/problems.h"

namespace activator {
namespace {

// What somebody took away of the links, which systemd's memory hides until its next reload. True:
// something was.
bool MendFiles(const Host& host, const InstalledUnits& units, uint64_t active) {
  const UnitNames names = NamesOf(units);
  CheckNames(host, names, {}, UnitConflictPolicy::kRefuse);  // says what is in the way
  InstallSelf(host.layout);
  host.follow_host_files(host);
  const bool boots = !host.UnitsSurviveReboot() || BootUnitProblem(host).empty();
  InstallBootUnit(host);
  const bool links = EnsureUnitLinks(host, names);
  const UnitNames strays = LinkedUnits(host) - names;
  StopUnits(host, strays);  // without a link of ours nobody would
  const bool stray = RemoveUnitLinks(host, strays);
  const bool tasks = EnsureAuxiliaryLinks(host, active);
  if (links || stray || tasks || NeedsReload(host, names)) {
    host.systemd.DaemonReload();
  }
  return !boots || links || stray || tasks;
}

void SayNothingToDo(const base::Io& io, uint64_t active, std::string_view mended) {
  io.Err("activate: generation {} is active already: {}\n", active,
         mended.empty() ? "nothing to do" : mended);
}

// "Already active" is a success only where it runs, from its image, and will after the next boot. A
// repaired version is another file than what still runs.
void EnsureRunning(const Host& host, uint64_t active, Timeout timeout) {
  const InstalledUnits all = LoadUnits(host.layout, active);
  const char* mended = "";
  std::optional<base::Error> in_the_way;  // of a link; what is down is started nevertheless
  try {
    mended = MendFiles(host, all, active) ? "made its links again" : "";
  } catch (const base::Error& error) {
    in_the_way = error;
  }
  const ToStart to_start = FindWhatToStart(host, all);
  UnitNames again = to_start.All();
  if (!again.empty()) {
    again = StartAgain(host, active, all, to_start, timeout);
    host.io.Err("activate: generation {} was active already; {}{}started what was down{}\n", active,
                mended, *mended == 0 ? "" : " and ",
                to_start.of_another_image.empty() && to_start.of_another_device.empty()
                    ? ""
                    : " or ran from another image");
  }
  if (in_the_way) {
    throw base::Error(*in_the_way);
  }
  RequireHealthy(host, active, again, " already, but not healthy");
  if (again.empty()) {
    SayNothingToDo(host.io, active, mended);
  }
}

// Its state stays: what was not tried is still the newest for --latest once the cause is mended.
void NoteRefusal(const images::HostLayout& layout, uint64_t number, const std::string& reason,
                 const ActivationRequest& request) {
  Generation generation = LoadGeneration(layout, number);
  generation.reason = reason;
  StoreGeneration(layout, generation);
  Event event;
  event.event = "preflight-failed";
  event.generation = number;
  event.from = ActiveGeneration(layout);
  event.activation_id = request.activation_id;
  event.by = request.by;
  event.reason = reason;
  event.what = request.what;
  RecordEvent(layout, std::move(event));
}

void Check(const Host& host, uint64_t from, uint64_t to, const ActivationRequest& request) {
  base::PhaseLog phases(fmt::format("generation {}", to));
  try {
    Preflight(host, from, TargetOf(host.layout, to), request.foreign);
    if (const std::string note = SelinuxNote("/sys/fs/selinux/enforce"); !note.empty()) {
      host.io.Err("activate: {}\n", note);
    }
    ProvideUsers(host, to);
    // Before anything else changes: from here on a crash must be mended at boot.
    InstallSelf(host.layout);
    InstallBootUnit(host);
    host.follow_host_files(host);
    phases.Done("checked");
  } catch (base::Error& error) {
    try {
      if (error.code() != base::ExitCode::kInterrupted) {
        NoteRefusal(host.layout, to, base::WholeMessage(error), request);
      }
    } catch (const base::Error& record_error) {
      host.io.Err("activate: the records do not say so: {}\n", record_error.what());
    }
    error.AddContext(fmt::format("generation {} was not activated", to));
    error.AddDetail({"nothing was changed"});
    throw;
  }
}

// All that is checked of a folder: that versions are there, and whether those that come anew may.
void CheckFolder(const Host& host, uint64_t from, const Apps& apps) {
  const std::optional<Generation> active = FindGeneration(host.layout, from);
  HeldReleases releases(host.layout, host.clock);
  for (const auto& [name, digest] : apps) {
    const images::ImageDirectory whole(host.layout.Version(name, images::ImageId::Of(digest)));
    const bool is_active = active && active->apps.contains(name) && active->apps.at(name) == digest;
    if (!is_active) {
      releases.Check(name, digest);
    }
  }
}

SwitchRequest ToSwitch(const ActivationRequest& request, uint64_t from, uint64_t to) {
  return {request.activation_id,
          from,
          to,
          request.kind == TargetKind::kRollback,
          request.by,
          request.timeout,
          request.what,
          request.confirm_within};
}

// Without it nothing would count as active, and what runs as somebody else's.
void FindCurrent(const images::HostLayout& layout, const base::Io& io) {
  if (!RepairCurrent(layout)) {
    return;
  }
  const uint64_t current = CurrentGeneration(layout);
  if (current == kNoGeneration) {
    io.Err("activate: {} led nowhere, and no record says what was active, so nothing is\n",
           layout.Current());
  } else {
    io.Err("activate: {} was lost; by its record generation {} is active: made the link again\n",
           layout.Current(), current);
  }
}

void AskPermit(const Host& host, const ActivationRequest& request,
               const std::function<void()>& ask) {
  try {
    ask();
  } catch (const base::Error& error) {
    Event event;
    event.generation = CurrentGeneration(host.layout);
    event.by = request.by;
    event.reason = error.what();
    event.what = request.what;
    RecordRefusal(host.layout, std::move(event), host.clock.Now());
    throw;
  }
}

// Before anything is staged for it.
void RequirePermitted(const Host& host, const ActivationRequest& request) {
  const Resolved target = Resolve(host.layout, request);
  const uint64_t active = CurrentGeneration(host.layout);
  if (!target.apps && target.number == kNoGeneration) {
    return;
  }
  const Apps from = active == kNoGeneration ? Apps{} : LoadGeneration(host.layout, active).apps;
  bool was_healthy = request.kind == TargetKind::kRollback;
  Apps to = target.apps.value_or(from);
  if (!target.apps) {
    const Generation generation = LoadGeneration(host.layout, target.number);
    to = generation.apps;
    was_healthy = was_healthy || (generation.healthy_sequence > 0 && target.number != active);
  }
  AskPermit(host, request, [&] { request.permit(from, to, was_healthy); });
}

// False: there was nothing to activate.
bool ActivateChosen(const Host& host, const ActivationRequest& request) {
  FindCurrent(host.layout, host.io);
  if (request.permit) {
    RequirePermitted(host, request);
  }
  const Choice choice = ChooseGeneration(host.layout, request, request.by);
  if (!choice.note.empty()) {
    host.io.Err("activate: {}\n", choice.note);
  }
  const uint64_t from = CurrentGeneration(host.layout);
  if (choice.number == kNoGeneration) {
    return false;
  }
  if (choice.number == from && request.permit) {  // what else is down is not theirs to start
    RequireHealthy(host, from, {}, " already, but not healthy", request.theirs);
    SayNothingToDo(host.io, from, "");
    return true;
  }
  if (request.permit) {
    AskPermit(host, request, [&] { request.permit_units(from, choice.number); });
  }
  if (choice.number == from) {
    host.is_folder ? SayNothingToDo(host.io, from, "") : EnsureRunning(host, from, request.timeout);
    return true;
  }
  host.is_folder ? CheckFolder(host, from, LoadGeneration(host.layout, choice.number).apps)
                 : Check(host, from, choice.number, request);
  const UnitNames watched = RunSwitch(host, ToSwitch(request, from, choice.number));
  if (!host.is_folder) {  // what it left alone may have failed long before
    RequireHealthy(host, choice.number, watched,
                   ", and what it changed is healthy, but other services of it are not",
                   request.theirs);
  }
  host.io.Err(
      "activate: generation {} is active{}\n", choice.number,
      host.is_folder || UnitTexts(host.layout, choice.number).empty() ? "" : " and healthy");
  return true;
}

// What would be started or waited for may become well; what is up and not healthy would stay so.
void RehearseNothingToDo(const Host& host, uint64_t active) {
  const InstalledUnits units = LoadUnits(host.layout, active);
  const ToStart to_start = FindWhatToStart(host, units);
  const auto say = [&](const UnitNames& names, std::string_view what) {
    for (const std::string& name : names) {
      host.io.Err("activate: {} {}\n", name, what);
    }
  };
  say(to_start.down, "is down: it would be started");
  say(to_start.starting, "is starting or stopping: it would be waited for");
  say(to_start.of_another_image + to_start.of_another_device,
      "runs from another image: it would be started again");
  const InstalledUnits rest = Select(units, NamesOf(units) - to_start.All());
  base::Error::Detail problems = FailedChecks(host, rest);
  // Last: a check may have ended one.
  for (const DownUnit& unit :
       FindDown(host, Select(units, NamesOf(units) - to_start.All() + to_start.starting))) {
    problems.push_back(unit.what);
  }
  if (!problems.empty()) {
    throw base::Error(base::ExitCode::kNeedsAttention,
                      fmt::format("generation {} is active already, but not healthy", active),
                      std::move(problems));
  }
}

}  // namespace

void Rehearse(const Host& host, const Resolved& target, UnitConflictPolicy foreign) {
  if (!target.apps && target.number == kNoGeneration) {
    return;
  }
  const uint64_t from = ActiveGeneration(host.layout);
  try {
    if (host.is_folder) {
      CheckFolder(host, from,
                  target.apps ? *target.apps : LoadGeneration(host.layout, target.number).apps);
      return;
    }
    const PreflightTarget to =
        target.apps ? TargetOf(host.layout, *target.apps) : TargetOf(host.layout, target.number);
    Preflight(host, from, to, foreign);
  } catch (base::Error& error) {
    error.AddContext("the activation would be refused");
    throw;
  }
  const bool is_active =
      from != kNoGeneration && (target.apps ? *target.apps == LoadGeneration(host.layout, from).apps
                                            : target.number == from);
  if (!host.is_folder && is_active) {
    RehearseNothingToDo(host, from);
  }
}

void Activate(const Host& host, const ActivationRequest& request) {
  const Recovery recovery = Recover(host, RecoveryMode::kRestart);
  if (!recovery.done.empty()) {
    host.io.Err("activate: {}\n", recovery.done);
  }
  std::string outcome = "nothing was activated";
  base::Error::Detail detail = recovery.detail;
  try {
    if (ActivateChosen(host, request) || recovery.is_up) {
      return;
    }
  } catch (const base::Error& error) {
    if (recovery.is_up) {
      throw;
    }
    outcome = error.what();
    detail.insert(detail.end(), error.detail().begin(), error.detail().end());
  }
  // Whatever else went wrong, "nothing changed" or "as before" would hide services that are down.
  throw base::Error(base::ExitCode::kNeedsAttention, recovery.done + ". " + outcome, detail);
}

}  // namespace activator
