#include "activator/health/find_down.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string_view>

#include "activator/health/health.h"
#include "activator/health/stopping.h"
#include "activator/state/history.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"

namespace activator {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr seconds kLately{10};
constexpr seconds kLatelyWithoutJournal{60};

microseconds LongestGap(const std::vector<microseconds>& times) {
  microseconds out{0};
  for (size_t i = 1; i < times.size(); ++i) {
    out = std::max(out, times[i] - times[i - 1]);
  }
  return out;
}

// One that has recovered has been up for longer than it lived before.
bool EndsAgainAndAgain(const Host& host, const std::string& name, const UnitState& state,
                       microseconds up) {
  if (up < kLately) {
    return true;
  }
  std::optional<std::vector<microseconds>> ends = host.systemd.BadEnds(name);
  if (!ends) {
    return state.restarts > 1 && up < kLatelyWithoutJournal;
  }
  // What ended before somebody started it by hand is over.
  const size_t old = ends->size() - std::min<size_t>(ends->size(), state.restarts);
  ends->erase(ends->begin(), ends->begin() + static_cast<ptrdiff_t>(old));
  return up < 2 * LongestGap(*ends);
}

bool AwaitsRestart(const UnitState& state) { return state.sub.starts_with("auto-restart"); }

std::string LoopText(const std::string& name, const UnitState& state, microseconds up) {
  if (AwaitsRestart(state)) {
    return fmt::format(
        "{0} ended ({1}) and waits for systemd to start it again (so far {2}): `journalctl -u {0}` "
        "says why",
        name, HowItEnded(state.result, state.exit_status), base::Counted(state.restarts, "time"));
  }
  const std::string how = state.active == "activating"
                              ? "is being started again by systemd"
                              : fmt::format("was started again by systemd {} s ago",
                                            std::chrono::duration_cast<seconds>(up).count());
  return fmt::format("{0} ended and {1}, {2} by now: `journalctl -u {0}` says why", name, how,
                     base::Counted(state.restarts, "time"));
}

// An activation of another text of the unit forgets how the runs before it ended.
bool IsOfPresentUnit(const Host& host, const std::string& name, const InstalledUnit& unit,
                     std::chrono::system_clock::time_point when) {
  bool is_present = true;
  const std::optional<Event> begin = LastEvent(
      host.layout,
      [&](const Event& event) {
        if (event.event == "rolled-back" && base::FromIso8601(event.time) > when) {
          is_present = false;  // the run may have been of the version that is gone
        }
        if (event.event != "activated") {
          return !is_present;
        }
        const std::string path = host.layout.Generation(event.generation) + "/units/" + name;
        is_present = is_present && base::ReadFileIfThere(path) == unit.text;  // or it was pruned
        return !is_present || base::FromIso8601(event.time) <= when;
      },
      [](std::string_view line) {
        return line.find("activated") != std::string_view::npos ||
               line.find("rolled-back") != std::string_view::npos;
      });
  return begin && is_present;
}

// systemd knows only the run that goes on.
std::string RunsAgainText(const Host& host, const std::string& name, const InstalledUnit& unit) {
  const std::optional<RunEnd> last = host.systemd.LastEnd(name);
  if (!last || last->is_good || !IsOfPresentUnit(host, name, unit, last->when)) {
    return "";
  }
  return fmt::format(
      "{0} failed in its last run ({1}), and runs again: `journalctl -u {0}` says why", name,
      HowItEnded(last->result, last->exit_status));
}

std::string FailedRunText(const std::string& name, const UnitState& state) {
  return fmt::format(
      "{0} failed in its last run ({1}): `journalctl -u {0}` says why, `systemctl start {0}` runs "
      "it again",
      name, HowItEnded(state.result, state.exit_status));
}

// Why it is down, and what an activation needs before it can start it.
std::string DownText(const Host& host, const std::string& name, const UnitState& state) {
  std::string why = HowItEnded(state.result, state.exit_status);
  if (state.load == "masked") {
    why = fmt::format("masked: first `systemctl unmask {}`", name);
  } else if (state.load == "bad-setting" || state.load == "error") {
    why = fmt::format("{0}: first mend what `systemctl status {1}` names", state.load, name);
  } else if (state.active == "inactive" && state.condition_failed) {
    // Also where systemd has forgotten the unit since it ended.
    const UnitLog log = host.systemd.ReadLog(name, state);
    if (!log.why_down.empty() && !log.ended_well) {
      why = log.why_down;
    }
  }
  return fmt::format("{} is {} ({})", name, state.active, why);
}

bool Loops(const Host& host, const std::string& name, const UnitState& state, microseconds up) {
  return AwaitsRestart(state) ||
         (state.restarts > 0 && !state.IsDown() &&
          (state.active == "activating" || EndsAgainAndAgain(host, name, state, up)));
}

}  // namespace

std::vector<std::string> FindDamaged(const Host& host, const InstalledUnits& units) {
  std::set<std::string> images;
  for (const auto& [name, unit] : units) {
    if (unit.verity_root && host.verity_state &&
        host.verity_state(*unit.verity_root) == VerityState::kDamaged) {
      images.insert(unit.image_path);
    }
  }
  std::vector<std::string> out;
  out.reserve(images.size());
  for (const std::string& image : images) {
    out.push_back(fmt::format(
        "{} is damaged: dm-verity has met a block that is not as it was built: push that version "
        "again, then activate the generation again",
        image));
  }
  return out;
}

std::vector<DownUnit> FindDown(const Host& host, const InstalledUnits& units) {
  const auto now =
      std::chrono::duration_cast<microseconds>(host.clock.Monotonic().time_since_epoch());
  const InstalledUnits watched = Watched(units);
  std::vector<DownUnit> out;
  for (const auto& [name, state] : host.systemd.Show(NamesOf(watched))) {
    const InstalledUnit& unit = watched.at(name);
    const std::string service = StemOf(name, ".service");
    const bool may_end = unit.is_oneshot || unit.is_scheduled ||
                         (!service.empty() && units.contains(service + ".socket"));
    const bool has_failed = state.active == "failed";
    if (has_failed && unit.is_scheduled) {
      out.push_back({FailedRunText(name, state), true});
    } else if (has_failed || (state.active == "inactive" && !state.has_job && !may_end)) {
      out.push_back({DownText(host, name, state)});
    } else if (Loops(host, name, state, now - state.up_since)) {
      out.push_back({LoopText(name, state, now - state.up_since), true});
    } else if (unit.is_scheduled && !state.IsDown() && state.sub != "exited") {
      if (std::string text = RunsAgainText(host, name, unit); !text.empty()) {
        out.push_back({std::move(text), true});
      }
    }
  }
  for (std::string& damaged : FindDamaged(host, units)) {
    out.push_back({std::move(damaged), true});
  }
  return out;
}

}  // namespace activator
