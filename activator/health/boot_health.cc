#include "activator/health/boot_health.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "activator/health/health.h"
#include "activator/health/health_prober.h"
#include "activator/health/stopping.h"
#include "base/error.h"

namespace activator {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr seconds kLongestBoot{900};  // until systemd begins with the last of them

class BootWatch {
 public:
  BootWatch(const Host& host, InstalledUnits units)
      : host_(host),
        all_(std::move(units)),
        waiting_(Watched(Unscheduled(all_))),
        checks_(host, CheckRunner::kOnlyLooks),
        start_(host.clock.Monotonic()) {}

  std::map<std::string, std::string> Run() {
    PollBackoff pause(host_.clock);
    while (!waiting_.empty()) {
      for (const auto& [name, state] : host_.systemd.Show(NamesOf(waiting_))) {
        Look(name, state);
      }
      if (!waiting_.empty()) {
        pause.Sleep();
      }
    }
    return std::move(problems_);
  }

 private:
  struct Seen {
    std::optional<TimePoint> begun;  // systemd began with it, or never will
    std::optional<TimePoint> well;   // up, and its check passed
    std::string invocation_id;       // then
  };

  void Look(const std::string& name, const UnitState& state);
  bool IsUp(const std::string& name, const UnitState& state) const;
  std::string WhatIsWrong(const std::string& name, const UnitState& state) const;

  const Host& host_;
  const InstalledUnits all_;
  InstalledUnits waiting_;
  HealthProber checks_;
  const TimePoint start_;
  std::map<std::string, Seen> seen_;
  std::map<std::string, std::string> problems_;
};

bool HasEndedWell(const UnitState& state) {
  return state.active == "inactive" && !state.has_job && state.result == "success" &&
         !state.invocation_id.empty();
}

// No waiting mends it: systemd does not start it again by itself.
bool HasFailedForGood(const UnitState& state) {
  return state.active == "failed" && !state.has_job && !state.sub.ends_with("auto-restart");
}

bool BootWatch::IsUp(const std::string& name, const UnitState& state) const {
  const InstalledUnit& unit = all_.at(name);
  const std::string service = StemOf(name, ".service");
  const bool may_end = unit.is_oneshot || (!service.empty() && all_.contains(service + ".socket"));
  const bool is_active = state.active == "active" || state.active == "reloading";
  return (may_end && HasEndedWell(state)) ||
         (is_active && host_.systemd.RunsFrom(state, unit.image_path));
}

std::string BootWatch::WhatIsWrong(const std::string& name, const UnitState& state) const {
  if (IsUp(name, state) && checks_.WasAsked(name)) {
    return fmt::format("{} is active, but {} did not pass: {}", name,
                       CheckName(all_.at(name).health), checks_.Last(name).problem);
  }
  return fmt::format("{} is {} ({})", name, state.active,
                     state.IsDown() ? HowItEnded(state.result, state.exit_status) : state.sub);
}

void BootWatch::Look(const std::string& name, const UnitState& state) {
  const TimePoint now = host_.clock.Monotonic();
  const images::Health& health = all_.at(name).health;
  Seen& seen = seen_[name];
  const bool begins =
      state.has_job || (state.active == "activating" && !state.sub.starts_with("auto-restart"));
  if (!seen.begun && begins && now - start_ < kLongestBoot) {
    return;
  }
  seen.begun = seen.begun.value_or(now);
  const auto limit = seconds(health.timeout_seconds) + seconds(health.settle_seconds);
  const auto left = std::chrono::duration_cast<milliseconds>(*seen.begun + limit - now);
  const bool is_up = IsUp(name, state);
  if (!is_up || seen.invocation_id != state.invocation_id) {
    seen.well.reset();
    seen.invocation_id = state.invocation_id;
  }
  if (HasFailedForGood(state)) {
    problems_[name] = WhatIsWrong(name, state);
    waiting_.erase(name);
    return;
  }
  if (is_up && !seen.well && (state.IsDown() || checks_.Pass(name, all_.at(name), left))) {
    seen.well = now;
  }
  if (seen.well && now - *seen.well >= seconds(health.settle_seconds)) {
    waiting_.erase(name);
  } else if (left <= milliseconds(0) && !seen.well) {
    problems_[name] = WhatIsWrong(name, state);
    waiting_.erase(name);
  }
}

}  // namespace

std::map<std::string, std::string> AwaitBoot(const Host& host, const InstalledUnits& units) {
  return BootWatch(host, units).Run();
}

}  // namespace activator
