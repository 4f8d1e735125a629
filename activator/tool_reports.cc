#include "activator/gate_view.h"
#include "activator/health/check_now.h"
#include "activator/health/find_down.h"
#include "activator/pull/pull_files.h"
#include "activator/pull/pull_problems.h"
#include "activator/receive/receive.h"
#include "activator/report/comparison.h"
#include "activator/report/debug_report.h"
#include "activator/report/logs_command.h"
#include "activator/report/past.h"
#include "activator/report/report.h"
#include "activator/state/generations.h"
#include "activator/state/history.h"
#include "activator/state/switch_record.h"
#include "activator/switch/activation.h"
#include "activator/tool.h"
#include "activator/uninstall.h"
#include "base/error.h"
#include "base/file.h"
#include "base/version.h"

namespace activator {

int Tool::List() {
  RequireHost();
  Listing listing = ReadListing(host_.layout);
  if (gate_) {
    KeepTheirs(*gate_, listing);
  }
  if (listing.generations.empty() && listing.unreadable.empty() && !line_.json) {
    io_.Err("activate: no generation was staged yet\n");
  }
  io_.WriteOut(line_.json ? ListJson(listing) : ListText(listing));
  return 0;
}

Status Tool::StatusNow(bool check) {
  const bool ask = !host_.is_folder && HasSystemd();
  Status out = ReadStatus(host_, ask);
  if (!gate_ && base::Exists(ConfigFile(host_.layout))) {
    out.pulled = LoadState(host_.layout);
    out.polled = LoadPolled(host_.layout);
    out.pull_problems = PullProblems(host_.layout, ask ? &systemd_ : nullptr);
    for (const auto& [channel, memory] : LoadMemories(host_.layout)) {
      for (const auto& [name, pin] : memory.overrides) {
        if (pin.until > host_.clock.Now()) {
          out.kept.push_back({name, channel, pin.by, pin.until});
        }
      }
    }
  }
  if (ask && out.active != kNoGeneration) {
    InstalledUnits units = LoadUnits(host_.layout, out.active);
    if (gate_) {
      units = TheirsOf(*gate_, host_.layout, units);
    }
    if (check && !out.switch_record) {  // a switch asks them itself
      const CheckAnswers answers = AskChecks(host_, units);
      out.checked = answers.asked;
      for (const auto& [unit, problem] : answers.problems) {
        out.unhealthy.push_back(problem);
      }
    }
    for (DownUnit& unit : FindDown(host_, units)) {  // last: a check may have ended one
      (unit.is_up ? out.failing : out.down).push_back(std::move(unit.what));
    }
  }
  return out;
}

int Tool::ShowStatus() {
  RequireHost();
  if (line_.check) {
    RequireServices("status --check");
  }
  Status status = StatusNow(line_.check);
  int exit_code = line_.check ? CodeOfChecked(status) : CodeOf(status);
  if (line_.check && IsOutdated(host_.layout, status)) {  // it stopped what was asked
    io_.Err(
        "activate: a switch began while the checks were asked, so what they said is left out\n");
    status = StatusNow(false);
    exit_code = static_cast<int>(base::ExitCode::kBusy);
  }
  if (gate_) {
    KeepTheirs(*gate_, host_.layout, status);
    exit_code = exit_code == static_cast<int>(base::ExitCode::kBusy) ? exit_code
                : line_.check                                        ? CodeOfChecked(status)
                                                                     : CodeOf(status);
  }
  io_.WriteOut(line_.json ? StatusJson(status) : StatusText(status));
  return exit_code;
}

int Tool::Logs() {
  RequireHost();
  RequireServices("logs");
  return RunLogs(host_.layout, line_.logs, io_);
}

int Tool::RenderUnits() {
  RequireHost();
  const uint64_t number = line_.target ? line_.target->number : ActiveGeneration(host_.layout);
  if (number == kNoGeneration) {
    base::Fail(base::ExitCode::kFailed, "nothing is active: say which with --generation N");
  }
  LoadGeneration(host_.layout, number);  // says which there are
  const std::map<std::string, std::string> texts = UnitTexts(host_.layout, number);
  io_.WriteOut(line_.json ? UnitsJson(texts) : UnitsText(texts));
  return 0;
}

int Tool::ReportForDebugging() {
  WriteDebugReport(
      host_, fmt::format("activate {}, {}", base::kVersion, ProtocolText()),
      [this] { return StatusText(StatusNow(false)); }, !host_.is_folder && HasSystemd(), io_);
  return 0;
}

int Tool::Diff() {
  RequireHost();
  const images::HostLayout& layout = host_.layout;
  uint64_t from = ActiveGeneration(layout);
  uint64_t to = kNoGeneration;
  if (line_.diff.size() == 2) {
    from = line_.diff[0];
  }
  if (line_.diff.empty()) {
    const Resolved latest = Resolve(layout, {TargetKind::kLatest, 0, "", {}});
    if (latest.number == from) {
      io_.Err("activate: no generation is staged; name one: activate diff N\n");
      return 0;
    }
    to = latest.number;
  } else {
    to = line_.diff.back();
  }
  Tell(CompareSides(layout, CompositionOf(layout, from), CompositionOf(layout, to)));
  return 0;
}

void Tool::Tell(const Comparison& comparison) const {
  io_.WriteOut(line_.json ? ComparisonJson(comparison) : ComparisonText(comparison));
}

int Tool::DryRun() {
  RequireHost();
  const images::HostLayout& layout = host_.layout;
  if (ReadSwitchRecord(layout)) {
    io_.Err(
        "activate: a switch is in progress or was cut off (see `activate status`); this report "
        "shows "
        "the state after a rollback\n");
  }
  const Resolved resolved = Resolve(layout, *line_.target);
  if (!resolved.note.empty()) {
    io_.Err("activate: {}\n", resolved.note);
  }
  const Composition from = CompositionOf(layout, ActiveGeneration(layout));
  Composition to = from;
  if (resolved.apps) {
    to = CompositionOf(layout, *resolved.apps);
  } else if (resolved.number != kNoGeneration) {
    to = CompositionOf(layout, resolved.number);
  }
  Comparison comparison = CompareSides(layout, from, to);
  if (!host_.is_folder && HasSystemd()) {
    comparison.dependents = FindDependents(systemd_, from.units, to.units);
  }
  if (comparison.IsEmpty()) {
    io_.Err("activate: nothing to do\n");
  }
  Tell(comparison);
  RequireRoot();  // as the activation: the checks look into images
  RequireSystemd();
  Rehearse(host_, resolved, Request().foreign);
  return 0;
}

// What became of it, as the history has it: nothing where there was nothing to do.
void Tool::TellActivation() const {
  if (line_.json && line_.command == Command::kActivate) {
    io_.WriteOut(EventJson(LastEventOf(host_.layout, line_.activation_id,
                                       [](const Event& /*event*/) { return true; })));
  }
}

void Tool::TellUninstalled(const Uninstalled& uninstalled) const {
  for (const std::string& note : uninstalled.notes) {
    io_.Err("activate: {}\n", note);
  }
  io_.WriteOut(line_.json ? UninstalledJson(host_.layout, uninstalled, line_.dry_run)
                          : UninstalledText(host_.layout, uninstalled, line_.dry_run));
}

int Tool::History() {
  RequireHost();
  RunHistory(host_.layout, line_.history, io_);
  return 0;
}

int Tool::At() {
  RequireHost();
  const Past past = ReadPast(host_.layout, line_.at);
  io_.WriteOut(line_.json ? PastJson(past) : PastText(past));
  return 0;
}

// Reading took long; what it found is told whatever becomes of the marks.
void Tool::MarkForRepair(const std::vector<VerifiedVersion>& versions) const {
  try {
    const base::FileLock lock = Lock("verify --repair");
    MarkDamaged(versions);
  } catch (base::Error& error) {
    error.AddContext("what was found is not marked for a repair, run it again");
    throw;
  }
}

int Tool::VerifyAll() {
  RequireHost();
  if (line_.verify.repair) {
    RequireRoot();
  }
  const std::vector<VerifiedVersion> versions =
      VerifyVersions(host_.layout, line_.verify.names, io_);
  io_.WriteOut(line_.json ? VerifyJson(versions) : VerifyText(versions));
  if (line_.verify.repair) {
    MarkForRepair(versions);
  }
  ThrowIfDamaged(versions, line_.verify.repair, ActiveGeneration(host_.layout));
  return 0;
}

}  // namespace activator
