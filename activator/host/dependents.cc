#include "activator/host/dependents.h"

#include <fmt/ranges.h>

namespace activator {
namespace {

// A unit without a file of its own is gone once it is down.
bool CanStartAgain(const UnitState& state) {
  return state.load == "loaded" && !state.fragment_path.empty() &&
         !state.fragment_path.starts_with("/run/systemd/transient/");
}

UnitNames Next(const std::map<std::string, UnitState>& units, const UnitNames& seen) {
  UnitNames out;
  for (const auto& [name, state] : units) {
    for (const std::string& other : state.stops_along) {
      if (!Contains(seen, other) && !Contains(out, other)) {
        out.push_back(other);
      }
    }
  }
  return out;
}

UnitNames RunningAlong(Systemd& systemd, std::map<std::string, UnitState> units,
                       const UnitNames& ours) {
  UnitNames out;
  UnitNames seen;
  while (!units.empty()) {
    for (const auto& [name, state] : units) {
      seen.push_back(name);
    }
    units = systemd.Show(Next(units, seen));
    for (const auto& [name, state] : units) {
      if (!Contains(ours, name) && !state.IsDown() && CanStartAgain(state)) {
        out.push_back(name);
      }
    }
  }
  return out;
}

}  // namespace

Dependents FindDependents(Systemd& systemd, const std::map<std::string, UnitState>& stopped,
                          const UnitNames& removed, const UnitNames& ours) {
  std::map<std::string, UnitState> gone;
  UnitNames known = ours;
  for (const auto& [name, state] : stopped) {
    known.push_back(name);
    if (Contains(removed, name)) {
      gone.emplace(name, state);
    }
  }
  Dependents out;
  out.left_down = RunningAlong(systemd, gone, known);
  out.started_again = RunningAlong(systemd, stopped, known) - out.left_down;
  return out;
}

Dependents FindDependents(Systemd& systemd, const InstalledUnits& from, const InstalledUnits& to) {
  const UnitDifference difference = Compare(from, to);
  const UnitNames changed = difference.changed + (difference.in_place - difference.changed);
  return FindDependents(systemd,
                        systemd.Show(difference.removed + (changed - ScheduledInBoth(from, to))),
                        difference.removed, NamesOf(from) + NamesOf(to));
}

InstalledUnits StartOthers(const Host& host, const UnitNames& units) {
  InstalledUnits out;
  UnitNames jobs;
  for (const auto& [name, state] : host.systemd.Show(units)) {
    if (state.active == "active" || state.active == "reloading") {
      continue;
    }
    if (state.type != "oneshot") {
      out[name];
    } else if (state.active != "activating") {
      jobs.push_back(name);
    }
  }
  host.systemd.ResetFailed(NamesOf(out) + jobs);
  host.systemd.Start(NamesOf(out), Jobs::kAwaitBriefly);
  host.systemd.Start(jobs, Jobs::kQueue);
  if (!jobs.empty()) {
    host.io.Err(
        "activate: begun anew, and not watched, since a job takes as long as it takes: {}\n",
        fmt::join(jobs, ", "));
  }
  return out;
}

}  // namespace activator
