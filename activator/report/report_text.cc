#include <fmt/ranges.h>

#include <algorithm>

#include "activator/report/report.h"
#include "activator/report/uninstalled.h"
#include "activator/state/generations.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "images/name.h"

namespace activator {
namespace {

std::string AppsText(const Listing& listing, const Apps& apps) {
  std::string out;
  for (const auto& app : apps) {
    out += (out.empty() ? "" : " ") + app.first + "/" + images::ImageId::Of(app.second).text();
    const auto version = listing.versions.find(app);
    if (version != listing.versions.end() && !version->second.empty()) {
      out += " (" + version->second + ")";
    }
  }
  return out.empty() ? "(none)" : out;
}

std::string AgeText(uint64_t seconds) {
  constexpr uint64_t kDay = 86'400;
  return seconds < 2 * kDay ? base::HumanSeconds(seconds) : fmt::format("{} d", seconds / kDay);
}

std::string SwitchText(const Status& status) {
  const SwitchRecord& record = *status.switch_record;
  if (status.switch_in_progress.value_or(true)) {
    const std::string wait =
        record.phase == SwitchPhase::kUnconfirmed
            ? fmt::format("  It waits until {} for a new login: activate confirm\n",
                          record.confirm_until)
            : "";
    return fmt::format(
        "A switch from {} to generation {} {} ({}, since {}, by {}).\n"
        "{}  journalctl --unit slipway-activate-{}\n",
        GenerationName(record.from), record.to,
        status.switch_in_progress ? "is in progress"
                                  : "is in progress or was cut off (root can tell)",
        ToText(record.phase), record.started, record.by, wait, record.activation_id);
  }
  return fmt::format(
      "A switch from {} to generation {} was CUT OFF (phase {}, started {}, by {}).\n"
      "  The next `activate` that changes something, or the next boot, {}.\n",
      GenerationName(record.from), record.to, ToText(record.phase), record.started, record.by,
      record.phase == SwitchPhase::kHealthy ? std::string("finishes it")
                                            : "goes back to " + GenerationName(record.from));
}

std::string UnitText(const UnitStatus& unit) {
  const UnitState& state = unit.state;
  std::string out = fmt::format("  {:<28} {} ({})", unit.name, state.active, state.sub);
  if (state.active == "failed" && !state.result.empty()) {
    out += ", " + state.result;
  }
  if (!unit.since.empty()) {
    out += " since " + unit.since;
  }
  if (state.memory_bytes > 0) {
    out += ", " + base::HumanBytes(state.memory_bytes);
  }
  if (!unit.version.empty()) {
    out += ", from " + unit.version;
  }
  out += "\n";
  for (const std::string& path : state.drop_ins) {
    out += "      override: " + path + "\n";
  }
  return out;
}

std::string HealthText(const Status& status) {
  std::string out;
  if (status.found_healthy) {
    out += fmt::format("  {}: {}\n", status.runs_nothing ? "activated" : "last found healthy",
                       status.found_healthy->time);
  }
  const std::optional<Event>& last = status.last_activation;
  if (last && last->event != "activated") {
    out += fmt::format("  last activation: generation {} {} at {}{}\n", last->generation,
                       last->event, last->time, last->reason.empty() ? "" : ": " + last->reason);
  }
  return out;
}

std::string ChecksText(const Status& status) {
  if (!status.checked) {
    return "";
  }
  std::string out;
  for (const std::string& problem : status.unhealthy) {
    out += fmt::format("  UNHEALTHY: {}\n", problem);
  }
  if (out.empty()) {
    out = *status.checked == 0
              ? "  no service has a check\n"
              : fmt::format("  {} passed just now\n", base::Counted(*status.checked, "check"));
  }
  return out;
}

std::string DriftText(const Status& status) {
  const bool is_well = status.down.empty() && status.failing.empty();
  if (status.drift.empty() && (is_well || status.switch_record)) {
    return status.units.empty() || status.switch_record || !status.generation
               ? ""
               : fmt::format("  the host matches generation {}\n", status.active);
  }
  std::string out = status.active == kNoGeneration
                        ? "The host DIFFERS from its records:\n"
                        : fmt::format("The host DIFFERS from generation {}:\n", status.active);
  for (const std::string& drift : status.drift) {
    out += "  " + drift + "\n";
  }
  for (const std::string& unit : status.down) {
    out += fmt::format("  {}: `activate --generation {}` starts it\n", unit, status.active);
  }
  for (const std::string& unit : status.failing) {
    out += "  " + unit + "\n";
  }
  return out;
}

std::string UnreadableText(const Status& status) {
  std::string out;
  for (const auto& [number, why] : status.unreadable) {
    out += fmt::format("The record of generation {} CANNOT BE READ{}: {}\n", number,
                       number == status.active ? " (`activate --rollback` leaves it)" : "", why);
  }
  return out;
}

std::string SignersText(const Status& status, const std::string& name) {
  const auto release = status.releases.find(name);
  if (release != status.releases.end()) {
    return fmt::format(", signed by {} for {} at {}", fmt::join(release->second.signers, ", "),
                       release->second.channel, base::ToIso8601(release->second.released));
  }
  return status.takes_signed_alone && status.trust_problem.empty()
             ? ", from before this host took signed images alone"
             : "";
}

std::string TrustText(const Status& status) {
  return status.trust_problem.empty()
             ? ""
             : fmt::format("This host takes NO IMAGE: {}\n", status.trust_problem);
}

}  // namespace

std::string VerifiedByText(const std::string& by) {
  return by.empty() ? "" : ", reads verified by " + by;
}

std::string ListText(const Listing& listing) {
  std::string out;
  for (const Generation& generation : listing.generations) {
    out += fmt::format("{} {:>4}  {:<11}  {:>6}  {}{}\n",
                       generation.number == listing.active ? "*" : " ", generation.number,
                       ToText(generation.state), AgeText(AgeSeconds(generation, listing.now)),
                       generation.pinned ? "pinned  " : "", AppsText(listing, generation.apps));
    if (!generation.reason.empty()) {
      out += fmt::format("        {}\n", generation.reason);
    }
  }
  for (const auto& [number, why] : listing.unreadable) {
    out += fmt::format("{} {:>4}  unreadable   {}\n", number == listing.active ? "*" : " ", number,
                       why);
  }
  return out;
}

std::string PruneText(const PrunePlan& plan, bool dry_run) {
  const char* verb = dry_run ? "would remove" : "removed";
  std::string out;
  for (const uint64_t number : plan.generations) {
    out += fmt::format("{} generation {}\n", verb, number);
  }
  for (const auto* paths : {&plan.versions, &plan.incoming, &plan.agents}) {
    for (const std::string& path : *paths) {
      out += fmt::format("{} {}\n", verb, path);
    }
  }
  return out;
}

namespace {

// Where nothing was freed, or nothing yet: what stays, the largest first, and how to have it go.
std::string KeptText(const images::HostLayout& layout, std::vector<Kept> kept) {
  std::sort(kept.begin(), kept.end(),
            [](const Kept& a, const Kept& b) { return a.bytes > b.bytes; });
  std::string out;
  for (const Kept& one : kept) {
    out += fmt::format("activate: kept {:>9} {}: {}\n", base::HumanBytes(one.bytes), one.path,
                       one.why);
  }
  return out + fmt::format(
                   "activate: {} are free there. To free more: smaller --keep and --staged, "
                   "--unpin N, `activate\n  remove NAME` and a prune after it, or remove files "
                   "that are not Slipway's from the file system of {}\n",
                   base::HumanBytes(base::FreeBytes(layout.root())), layout.root());
}

}  // namespace

std::string PruneNotes(const images::HostLayout& layout, const PrunePlan& plan,
                       const PruneOptions& options, bool dry_run) {
  std::string out;
  for (const std::string& path : plan.kept_in_use) {
    out += fmt::format("activate: {} is still mounted or used by a unit: left there\n", path);
  }
  for (const std::string& path : plan.kept_for_push) {
    out += fmt::format("activate: a push reads from {}: left there\n", path);
  }
  for (const auto& [number, why] : plan.unreadable) {
    out += fmt::format(
        "activate: generation {} cannot be read, so no version was removed ({}): repair its "
        "record or, where another generation is active, remove {}\n",
        number, why, layout.Generation(number));
  }
  if (options.max_bytes && plan.held_bytes > *options.max_bytes) {
    out += fmt::format("activate: the versions that must stay take {}, more than {}\n",
                       base::HumanBytes(plan.held_bytes), base::HumanBytes(*options.max_bytes));
  }
  out += fmt::format("activate: {} {}\n",
                     plan.IsEmpty() ? "nothing to prune," : (dry_run ? "would free" : "freed"),
                     base::HumanBytes(plan.freed_bytes));
  return plan.IsEmpty() || dry_run ? out + KeptText(layout, plan.kept) : out;
}

std::string StatusText(const Status& status) {
  std::string out;
  if (status.generation) {
    const Generation& generation = *status.generation;
    out += fmt::format("Generation {} is active in {} (staged {} by {})\n", generation.number,
                       status.root, generation.created, generation.by);
    for (const auto& [name, version] : status.versions) {
      const auto by = status.reads_verified_by.find(name);
      out += fmt::format("  {}/{}{}{}\n", name, version, SignersText(status, name),
                         VerifiedByText(by == status.reads_verified_by.end() ? "" : by->second));
    }
  } else if (status.active != kNoGeneration) {
    out += fmt::format("Generation {} is active in {}\n", status.active, status.root);
  } else {
    out += fmt::format("Nothing is active in {}\n", status.root);
  }
  for (const UnitStatus& unit : status.units) {
    out += UnitText(unit);
  }
  if (status.runs_nothing) {
    out += "  nothing runs: no image has a service, or the root is a folder\n";
  }
  if (status.pulled) {
    out += PulledText(*status.pulled, status.polled);
  }
  for (const KeptApplication& one : status.kept) {
    out += fmt::format(
        "  {} is kept from channel {} until {}, by {}: `activate pull "
        "--end-overrides` ends that\n",
        one.application, one.channel, base::ToIso8601(one.until), one.by);
  }
  for (const std::string& problem : status.pull_problems) {
    out += fmt::format("This host does NOT PULL as it should: {}\n", problem);
  }
  out += HealthText(status) + DriftText(status) + ChecksText(status) + UnreadableText(status) +
         TrustText(status);
  return status.switch_record ? out + SwitchText(status) : out;
}

std::string UninstalledText(const images::HostLayout& layout, const Uninstalled& uninstalled,
                            bool dry_run) {
  std::string out;
  const auto say = [&](const char* verb, const std::string& what) {
    out += fmt::format("{} {}\n", verb, what);
  };
  const char* const removes = dry_run ? "would remove" : "removed";
  for (const std::string& name : uninstalled.stopped) {
    say(dry_run ? "would stop" : "stopped", name);
  }
  for (const std::string& unit : uninstalled.units) {
    say(removes, unit);
  }
  for (const std::string& path : uninstalled.versions) {
    say(removes, path);
  }
  say(removes, layout.root());
  for (const std::string& path : uninstalled.kept) {
    say(dry_run ? "would keep" : "kept", path);
  }
  return out;
}

}  // namespace activator
