#include "activator/health/stopping.h"

#include <algorithm>

#include "base/error.h"
#include "base/printable.h"

namespace activator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr milliseconds kLongestPause{100};
constexpr seconds kLongestStop{600};  // for units without a limit of their own
constexpr seconds kAfterKill{20};
constexpr seconds kJobPatience{5};

void AddLines(const std::string& title, const std::vector<std::string>& lines,
              base::Error::Detail& to) {
  if (!lines.empty()) {
    to.push_back(title + ":");
  }
  for (const std::string& line : lines) {
    to.push_back("  " + line);
  }
}

}  // namespace

void PollBackoff::Sleep() {
  clock_.Sleep(next_);
  next_ = std::min(2 * next_, kLongestPause);
}

void FailUnit(const Host& host, const std::string& unit, const UnitState& state,
              const std::string& why, const std::string& said) {
  FailUnit(unit, host.systemd.ReadLog(unit, state), why, said);
}

void FailUnit(const std::string& unit, const UnitLog& log, const std::string& why,
              const std::string& said) {
  base::Error::Detail detail;
  AddLines("what the check of " + unit + " was told", base::LinesOf(said), detail);
  AddLines("the log of " + unit + " ends", log.lines, detail);
  throw base::Error(base::ExitCode::kFailed, unit + " " + why, std::move(detail));
}

std::string HowItEnded(const std::string& result, int exit_status) {
  return fmt::format("{}{}", result.empty() ? "unknown" : result,
                     exit_status == 0 ? std::string() : fmt::format(", status {}", exit_status));
}

namespace {

// What is down stays down: a queued job may still start it.
bool IsStopped(const UnitState& state) { return state.IsDown() && !state.has_job; }

bool MayStopForEver(const UnitState& state) { return state.stop_timeout.count() == 0; }

}  // namespace

// systemd gives a unit that time after SIGTERM, then the same again after SIGKILL. A database may
// need long to stop, so its own limit holds however long it is.
seconds StopLimit(const UnitState& state) {
  const auto own = std::chrono::duration_cast<seconds>(2 * state.stop_timeout) + seconds(15);
  return MayStopForEver(state) ? kLongestStop : own;
}

StopEscalation::StopEscalation(const Host& host) : host_(host), start_(host.clock.Monotonic()) {}

void StopEscalation::Escalate(const std::string& unit, const UnitState& state) {
  const seconds limit = StopLimit(state);
  const auto waited = host_.clock.Monotonic() - start_;
  if (waited > limit && MayStopForEver(state)) {
    FailUnit(host_, unit, state,
             fmt::format("did not stop within {} s, and its TimeoutStopSec= forbids to kill it",
                         limit.count()));
  }
  if (waited > limit + kAfterKill) {
    FailUnit(host_, unit, state, "does not stop, not even by SIGKILL");
  }
  if (waited > limit && killed_.insert(unit).second) {
    host_.systemd.Kill(unit);
  }
}

UnitNames StopEscalation::StillStopping(const UnitNames& units) {
  UnitNames out;
  for (const auto& [name, state] : host_.systemd.Show(units)) {
    if (!IsStopped(state)) {
      out.push_back(name);
      Escalate(name, state);
    }
  }
  return out;
}

UnitNames DownUnits(const Host& host, const UnitNames& units) {
  UnitNames out;
  for (const auto& [name, state] : host.systemd.Show(units)) {
    if (IsStopped(state)) {
      out.push_back(name);
    }
  }
  return out;
}

UnitNames DownUnitsAfterStop(const Host& host, const UnitNames& units) {
  const TimePoint start = host.clock.Monotonic();
  PollBackoff pause(host.clock);
  for (;;) {
    UnitNames down;
    bool wait = false;
    const auto waited = host.clock.Monotonic() - start;
    for (const auto& [name, state] : host.systemd.Show(units)) {
      if (IsStopped(state)) {
        down.push_back(name);
      } else if (state.active == "deactivating") {
        wait = wait || waited < StopLimit(state);
      } else if (state.has_job) {  // not begun yet; it may be another job than a stop
        wait = wait || waited < kJobPatience;
      }
    }
    if (!wait) {
      return down;
    }
    pause.Sleep();
  }
}

void StopUnits(const Host& host, const UnitNames& units) {
  UnitNames running = BeginToStop(host, host.systemd.Show(units));
  StopEscalation watch(host);
  PollBackoff pause(host.clock);
  while (!(running = watch.StillStopping(running)).empty()) {
    pause.Sleep();
  }
}

UnitNames BeginToStop(const Host& host, const std::map<std::string, UnitState>& units) {
  UnitNames running;
  for (const auto& [name, state] : units) {
    if (!IsStopped(state)) {
      running.push_back(name);
    }
  }
  return host.systemd.Stop(running, Jobs::kAwaitBriefly) ? UnitNames() : running;
}

}  // namespace activator
