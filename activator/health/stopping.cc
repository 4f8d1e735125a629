#include "activator/health/stopping.h"

#include <algorithm>

#include "base/error.h"

namespace activator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr milliseconds kLongestPause{100};
constexpr seconds kLongestStop{600};  // for units without a limit of their own
constexpr seconds kAfterKill{20};
constexpr seconds kJobPatience{5};
constexpr const char* kAnswerFollows = ". It said: ";
constexpr const char* kLogFollows = ". Its log ends: ";

}  // namespace

void PollBackoff::Sleep() {
  clock_.Sleep(next_);
  next_ = std::min(2 * next_, kLongestPause);
}

void FailUnit(const Host& host, const std::string& unit, const UnitState& state,
              const std::string& why, const std::string& said) {
  const std::string log = host.systemd.LastLog(unit, state);
  base::Fail(base::ExitCode::kFailed, "{} {}{}{}{}{}", unit, why,
             said.empty() ? "" : kAnswerFollows, said, log.empty() ? "" : kLogFollows, log);
}

std::string WithoutLog(const std::string& reason) {
  return reason.substr(0, std::min(reason.find(kAnswerFollows), reason.find(kLogFollows)));
}

std::string HowItEnded(const UnitState& state) {
  return fmt::format(
      "{}{}", state.result.empty() ? "unknown" : state.result,
      state.exit_status == 0 ? std::string() : fmt::format(", status {}", state.exit_status));
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

namespace {

void WaitUntilStopped(const Host& host, const UnitNames& units) {
  StopEscalation watch(host);
  PollBackoff pause(host.clock);
  for (;;) {
    bool all_down = true;
    for (const auto& [name, state] : host.systemd.Show(units)) {
      if (!IsStopped(state)) {
        all_down = false;
        watch.Escalate(name, state);
      }
    }
    if (all_down) {
      return;
    }
    pause.Sleep();
  }
}

}  // namespace

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
  StopUnits(host, host.systemd.Show(units));
}

void StopUnits(const Host& host, const std::map<std::string, UnitState>& units) {
  UnitNames running;
  for (const auto& [name, state] : units) {
    if (!IsStopped(state)) {
      running.push_back(name);
    }
  }
  if (!host.systemd.Stop(running, Jobs::kAwaitBriefly)) {
    WaitUntilStopped(host, running);
  }
}

}  // namespace activator
