#include "activator/health/health.h"

#include <algorithm>
#include <map>

#include "activator/health/health_prober.h"
#include "activator/health/stopping.h"
#include "base/error.h"
#include "base/printable.h"
#include "base/progress.h"

namespace activator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr seconds kNoticed{2};  // within that, systemd knows how a process ended that is gone
constexpr seconds kLongestWatchdog{120};  // a longer one is only told
constexpr seconds kUsualStartLimit{10};   // systemd's own

// Throws for a state that no waiting mends.
void RefuseFailure(const Host& host, const std::string& unit, const UnitState& state) {
  if (state.load != "loaded") {
    FailUnit(host, unit, state, "cannot be loaded by systemd (" + state.load + ")");
  }
  if (state.active == "failed") {
    FailUnit(host, unit, state, "failed (" + HowItEnded(state.result, state.exit_status) + ")");
  }
  if (state.restarts > 0 || state.sub.starts_with("auto-restart")) {
    // What systemd tells of it is of the run that has begun since.
    const UnitLog log = host.systemd.ReadLog(unit, state);
    const std::string how = log.result.empty() ? HowItEnded(state.result, state.exit_status)
                                               : HowItEnded(log.result, log.exit_status);
    FailUnit(unit, log, "ended (" + how + ") and had to be restarted");
  }
}

bool IsUp(const Host& host, const std::string& name, const InstalledUnit& unit,
          const UnitState& state) {
  RefuseFailure(host, name, state);
  const bool is_idle = state.active == "inactive" && !state.has_job;
  if (is_idle && state.condition_failed) {
    // Whether there was a condition that was not met, or systemd has forgotten the unit since it
    // ended, which then looks the same.
    const UnitLog log = host.systemd.ReadLog(name, state);
    if (unit.is_oneshot && log.ended_well) {
      return true;
    }
    FailUnit(name, log,
             "is not running: " + (log.why_down.empty() ? "neither systemd nor the journal says why"
                                                        : log.why_down));
  }
  if (unit.is_oneshot) {
    return state.active == "active" ||
           (is_idle && state.result == "success" && !state.invocation_id.empty());
  }
  if (is_idle) {
    FailUnit(host, name, state,
             "ended at once (" + HowItEnded(state.result, state.exit_status) + ")");
  }
  const bool is_active = state.active == "active" || state.active == "reloading";
  return is_active && host.systemd.RunsFrom(state, unit.image_path);
}

seconds TimeoutOf(const InstalledUnit& unit, Timeout timeout) {
  return timeout.value_or(seconds(unit.health.timeout_seconds));
}

}  // namespace

InstalledUnits Watched(InstalledUnits units) {
  std::erase_if(units, [](const auto& unit) { return unit.second.health.none; });
  return units;
}

namespace {

[[noreturn]] void FailLate(const Host& host, const std::string& name, const InstalledUnit& unit,
                           const UnitState& state, seconds limit, const HealthProber& checks) {
  if (checks.WasAsked(name)) {
    const ProbeResult& last = checks.Last(name);
    FailUnit(host, name, state,
             fmt::format("is active, but {} did not pass within {} s: {}", CheckName(unit.health),
                         limit.count(), last.problem),
             last.said);
  }
  FailUnit(
      host, name, state,
      state.active == "active"
          ? fmt::format("does not run from {} after {} s", unit.image_path, limit.count())
          : fmt::format("is still {} ({}) after {} s", state.active, state.sub, limit.count()));
}

// What is waited for, on a terminal: "web.service: status 500, 12 of 30 s, and 2 more".
std::string WaitingText(const Host& host, TimePoint start, const InstalledUnits& waiting,
                        const std::map<std::string, UnitState>& states, const HealthProber& checks,
                        Timeout timeout) {
  const auto& [name, unit] = *waiting.begin();
  const auto state = states.find(name);
  std::string why = state == states.end() || state->second.active == "active"
                        ? "waiting"
                        : state->second.active + " (" + state->second.sub + ")";
  if (checks.WasAsked(name)) {
    why = checks.Last(name).problem;
  }
  const std::string others =
      waiting.size() > 1 ? fmt::format(", and {} more", waiting.size() - 1) : "";
  return base::Printable(
      fmt::format("{}: {}, {} of {} s{}", name, why,
                  std::chrono::duration_cast<seconds>(host.clock.Monotonic() - start).count(),
                  TimeoutOf(unit, timeout).count(), others));
}

}  // namespace

void WaitUntilStarted(const Host& host, const InstalledUnits& units, Timeout timeout) {
  const TimePoint start = host.clock.Monotonic();
  InstalledUnits waiting = Watched(units);
  HealthProber checks(host, CheckRunner::kHoldsLock);
  PollBackoff pause(host.clock);
  base::ChangingLine line(host.io);
  while (!waiting.empty()) {
    const std::map<std::string, UnitState> states = host.systemd.Show(NamesOf(waiting));
    for (const auto& [name, state] : states) {
      const auto unit = waiting.find(name);
      if (unit == waiting.end()) {
        continue;
      }
      const seconds limit = TimeoutOf(unit->second, timeout);
      const auto left =
          std::chrono::duration_cast<milliseconds>(start + limit - host.clock.Monotonic());
      const bool is_up = IsUp(host, name, unit->second, state);
      if (is_up && checks.Pass(name, unit->second, left)) {
        waiting.erase(unit);
      } else if (left <= milliseconds(0)) {
        FailLate(host, name, unit->second, state, limit, checks);
      }
    }
    if (!waiting.empty()) {
      line.Show(WaitingText(host, start, waiting, states, checks, timeout));
      pause.Sleep();
    }
  }
}

namespace {

// A service that never says WATCHDOG=1 is killed when that time is over; one that has said it once
// knows how to.
seconds TimeToSettle(const InstalledUnit& unit, const UnitState& first, const UnitState& now) {
  const seconds own(unit.health.settle_seconds);
  if (now.watchdog.count() == 0 || now.watchdog_told != first.watchdog_told) {
    return own;
  }
  const auto watchdog = std::chrono::ceil<seconds>(now.watchdog) + kNoticed;
  return std::max(own, std::min(watchdog, kLongestWatchdog));
}

// What may still happen after the watch is said, not left to be found.
void SayWhatWasNotCovered(const Host& host, const std::string& name, const UnitState& first,
                          const UnitState& now, std::chrono::steady_clock::duration watched) {
  const auto say = [&](const char* what, std::chrono::microseconds period, const char* then) {
    host.io.Err(
        "activate: {} was watched for {} s, and {} takes {} s: {} (health.settle_seconds watches "
        "longer)\n",
        name, std::chrono::duration_cast<seconds>(watched).count(), what,
        std::chrono::ceil<seconds>(period).count(), then);
  };
  if (now.watchdog > watched && now.watchdog_told == first.watchdog_told) {
    say("its watchdog", now.watchdog, "if it never says WATCHDOG=1, systemd kills it then");
  }
  if (now.start_limit > std::max<std::chrono::steady_clock::duration>(watched, kUsualStartLimit)) {
    say("its start limit", now.start_limit, "if it ends again and again, it is failed only later");
  }
}

}  // namespace

void WaitUntilSettled(const Host& host, const InstalledUnits& all) {
  const InstalledUnits units = Watched(all);
  const TimePoint start = host.clock.Monotonic();
  PollBackoff pause(host.clock);
  const UnitNames names = NamesOf(units);
  std::map<std::string, UnitState> first;
  std::map<std::string, UnitState> last;
  std::map<std::string, std::chrono::steady_clock::duration> down_since;
  base::ChangingLine line(host.io);
  for (;;) {
    const auto waited = host.clock.Monotonic() - start;
    bool settling = false;
    seconds longest{0};
    for (const auto& [name, state] : host.systemd.Show(names)) {
      const InstalledUnit& unit = units.at(name);
      const UnitState& before = first.try_emplace(name, state).first->second;
      if (IsUp(host, name, unit, state)) {
        down_since.erase(name);
      } else if (waited - down_since.try_emplace(name, waited).first->second >= kNoticed) {
        FailUnit(host, name, state,
                 fmt::format("did not stay up: it is {} ({})", state.active, state.sub));
      }
      if (state.invocation_id != before.invocation_id) {
        FailUnit(host, name, state, "was started again while it was watched");
      }
      const seconds to_settle = TimeToSettle(unit, before, state);
      longest = std::max(longest, to_settle);
      settling = settling || down_since.contains(name) || waited < to_settle;
      last[name] = state;
    }
    if (!settling) {
      for (const auto& [name, state] : last) {
        SayWhatWasNotCovered(host, name, first.at(name), state, waited);
      }
      return;
    }
    line.Show(fmt::format("{} up, watched for {} of {} s", base::Counted(last.size(), "unit"),
                          std::chrono::duration_cast<seconds>(waited).count(), longest.count()));
    pause.Sleep();
  }
}

seconds LongestWait(const InstalledUnits& units, Timeout timeout) {
  seconds out{0};
  seconds tasks{0};
  for (const auto& [name, unit] : Watched(units)) {
    out = std::max(out, TimeoutOf(unit, timeout) + seconds(unit.health.settle_seconds));
  }
  for (const auto& [name, unit] : units) {
    for (const units::AuxiliaryUnit task :
         {units::AuxiliaryUnit::kBeforeStart, units::AuxiliaryUnit::kAfterHealthy}) {
      const auto limit = unit.task_limits.find(task);
      tasks += limit == unit.task_limits.end() ? seconds(0) : limit->second;
    }
  }
  return out + tasks;
}

}  // namespace activator
