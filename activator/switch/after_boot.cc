#include "activator/switch/after_boot.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "activator/health/boot_health.h"
#include "activator/host/installed_units.h"
#include "activator/state/generations.h"
#include "activator/state/history.h"
#include "activator/state/record_event.h"
#include "activator/state/switch_record.h"
#include "activator/switch/activation.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

namespace activator {
namespace {

constexpr const char* kBy = "the checks after a boot";
constexpr std::chrono::seconds kStartTimeout{30};

// What was refused changed nothing, so it is none.
std::optional<Event> LastTried(const images::HostLayout& layout) {
  return LastEvent(layout, [](const Event& event) {
    return !event.activation_id.empty() &&
           (event.event != "preflight-failed" || event.what == kAfterBoot);
  });
}

uint64_t SequenceOfLast(const images::HostLayout& layout) {
  const std::optional<Event> last = LastTried(layout);
  return last ? last->sequence : 0;
}

// The image that a unit, or the service that it belongs to, runs from; empty: it has no such unit.
std::string ImageOf(const InstalledUnits& units, const std::string& unit) {
  const auto service = units.find(unit.substr(0, unit.rfind('.')) + ".service");
  return service == units.end() ? "" : service->second.image_path;
}

// Empty: it would change one of those that are not well.
std::string WhyGoingBackIsNoHelp(const images::HostLayout& layout, const BootFindings& found,
                                 const ActivationTarget& back) {
  const uint64_t to = Resolve(layout, back).number;
  const InstalledUnits now = LoadUnits(layout, found.generation);
  const InstalledUnits then = LoadUnits(layout, to);
  const bool helps = std::any_of(
      found.go_back.begin(), found.go_back.end(),
      [&](const std::string& unit) { return ImageOf(now, unit) != ImageOf(then, unit); });
  return helps ? ""
               : fmt::format(
                     ". It stays: generation {}, which was healthy before, has the same version of "
                     "{}",
                     to, fmt::join(found.go_back, ", "));
}

[[noreturn]] void FailUnhealthy(const BootFindings& found, const std::string& reason,
                                const std::string& why_it_stays) {
  base::Fail(base::ExitCode::kNeedsAttention, "generation {} is not healthy after the boot: {}{}",
             found.generation, reason, why_it_stays);
}

// Why what was found says nothing of what runs now; empty: it does.
std::string WhyUnknown(const images::HostLayout& layout, const BootFindings& found) {
  if (ReadSwitchRecord(layout)) {
    return "a switch was cut off, see `activate status`";
  }
  const bool is_same = !found.switch_came_first && CurrentGeneration(layout) == found.generation &&
                       SequenceOfLast(layout) == found.last_activation;
  return is_same ? "" : "a switch began first";
}

void GoBack(const Host& host, const BootFindings& found, const std::string& reason,
            const std::string& activation_id) {
  ActivationRequest request;
  request.kind = TargetKind::kRollback;
  request.by = kBy;
  request.activation_id = activation_id;
  request.what = kAfterBoot;
  std::string why_it_stays;
  try {
    why_it_stays = WhyGoingBackIsNoHelp(host.layout, found, request);
  } catch (base::Error& error) {
    error.AddContext(
        fmt::format("generation {} is not healthy after the boot: {}", found.generation, reason));
    throw;
  }
  if (!why_it_stays.empty()) {
    FailUnhealthy(found, reason, why_it_stays);
  }
  host.io.Err("activate: generation {} is not healthy after the boot, so it goes back: {}\n",
              found.generation, reason);
  Activate(host, request);
}

void Look(const Host& host, const InstalledUnits& units, BootFindings& out) {
  for (auto& [unit, problem] : AwaitBoot(host, units)) {
    out.problems.emplace(unit, problem);
    if (units.at(unit).health.rolls_back_after_boot) {
      out.go_back.push_back(unit);
    }
  }
}

std::string ReasonOf(const BootFindings& found) {
  std::vector<std::string> out;
  for (const auto& [unit, problem] : found.problems) {
    out.push_back(problem);
  }
  return fmt::format("{}", fmt::join(out, "; "));
}

}  // namespace

void StartAfterBoot(const Host& host) {
  base::ProcessOptions options;
  options.timeout = kStartTimeout;
  std::string problem;
  try {
    const base::ProcessResult result =
        base::Run({"systemd-run", "--unit=slipway-after-boot",
                   "--description=Slipway: look at the applications after a boot", "--collect",
                   "--no-block", "--quiet", "--no-ask-password", "--",
                   base::RealPath("/proc/self/exe"), "--root", host.layout.root(), "after-boot"},
                  options);
    problem = result.ok() ? "" : base::LastLines(result.err, 1);
  } catch (const base::Error& error) {
    problem = error.what();
  }
  if (!problem.empty()) {
    host.io.Err("activate: nobody looks at the services after this boot: {}\n", problem);
  }
}

BootFindings LookAfterBoot(const Host& host) {
  BootFindings out;
  if (const std::optional<SwitchRecord> record = ReadSwitchRecord(host.layout)) {
    out.generation = record->from;
    out.switch_came_first = true;
    return out;
  }
  out.last_activation = SequenceOfLast(host.layout);
  out.generation = CurrentGeneration(host.layout);
  Look(host, LoadUnits(host.layout, out.generation), out);
  return out;
}

void LookAgain(const Host& host, BootFindings& found) {
  if (found.go_back.empty() || !WhyUnknown(host.layout, found).empty()) {
    return;
  }
  const UnitNames old = std::exchange(found.go_back, {});
  for (const std::string& unit : old) {
    found.problems.erase(unit);
  }
  Look(host, Select(LoadUnits(host.layout, found.generation), old), found);
}

void FinishAfterBoot(const Host& host, const BootFindings& found,
                     const std::string& activation_id) {
  if (found.generation == kNoGeneration) {
    return;
  }
  const std::string why_unknown = WhyUnknown(host.layout, found);
  Event event;
  event.event = !why_unknown.empty()     ? "boot-unchecked"
                : found.problems.empty() ? "boot-healthy"
                                         : "boot-unhealthy";
  event.generation = found.generation;
  event.from = found.generation;
  event.by = kBy;
  event.reason = why_unknown.empty() ? ReasonOf(found) : why_unknown;
  RecordEvent(host.layout, event);
  if (!why_unknown.empty()) {
    host.io.Err("activate: generation {} was not checked after the boot: {}\n", found.generation,
                why_unknown);
    return;
  }
  if (found.problems.empty()) {
    host.io.Err("activate: generation {} is healthy after the boot\n", found.generation);
    return;
  }
  const std::optional<Event> last = LastTried(host.layout);
  const bool went_back = last && last->what == kAfterBoot;
  if (found.go_back.empty() || went_back) {
    FailUnhealthy(found, event.reason,
                  went_back ? ". It went back after a boot already, and does so once" : "");
  }
  GoBack(host, found, event.reason, activation_id);
}

}  // namespace activator
