#include "activator/health/check_now.h"
#include "activator/health/health.h"
#include "activator/receive/receive.h"
#include "activator/report/comparison.h"
#include "activator/report/debug_report.h"
#include "activator/report/logs_command.h"
#include "activator/report/past.h"
#include "activator/report/report.h"
#include "activator/state/generations.h"
#include "activator/tool.h"
#include "base/error.h"
#include "base/version.h"

namespace activator {

int Tool::List() {
  RequireHost();
  const Listing listing = ReadListing(host_.layout);
  if (listing.generations.empty() && listing.unreadable.empty() && !line_.json) {
    io_.Err("activate: no generation was staged yet\n");
  }
  io_.WriteOut(line_.json ? ListJson(listing) : ListText(listing));
  return 0;
}

int Tool::ShowStatus() {
  RequireHost();
  if (line_.check) {
    RequireServices("status --check");
  }
  const bool ask = !host_.is_folder && HasSystemd();
  Status status = ReadStatus(host_, ask);
  if (ask && status.active != kNoGeneration) {
    const InstalledUnits units = LoadUnits(host_.layout, status.active);
    status.down = FindDown(host_, units);
    if (line_.check && !status.switch_record) {  // a switch asks them itself
      const CheckAnswers answers = AskChecks(host_, units);
      status.checked = answers.asked;
      status.unhealthy = answers.problems;
    }
  }
  io_.WriteOut(line_.json ? StatusJson(status) : StatusText(status));
  return line_.check ? CodeOfChecked(status) : CodeOf(status);
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
  WriteDebugReport(host_, fmt::format("activate {}, {}", base::kVersion, ProtocolText()),
                   !host_.is_folder && HasSystemd(), io_);
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
  ThrowIfDamaged(versions, line_.verify.repair);
  return 0;
}

}  // namespace activator
