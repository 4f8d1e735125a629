#include "activator/health/health_prober.h"

#include <algorithm>

#include "base/error.h"

namespace activator {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string CheckName(const images::Health& health) {
  if (health.http) {
    return "its check " + health.http->url;
  }
  return "its check " + (health.tcp ? "of " + *health.tcp : health.exec.front());
}

ProbeResult HealthProber::Ask(const std::string& name, const InstalledUnit& unit,
                              milliseconds left) const {
  if (!unit.health.exec.empty()) {
    return RunCheckUnit(host_, name, unit, runner_);
  }
  const milliseconds most = seconds(unit.health.try_seconds);
  return host_.ask(unit.health, std::min(most, std::max<milliseconds>(left, seconds(1))));
}

bool HealthProber::Pass(const std::string& name, const InstalledUnit& unit, milliseconds left) {
  if (!unit.health.HasCheck()) {
    return true;
  }
  const auto last = tries_.find(name);
  if (last != tries_.end() && host_.clock.Monotonic() < last->second.next) {
    return false;
  }
  ProbeResult answer = Ask(name, unit, left);
  const bool passed = answer.passed;
  tries_[name] = {std::move(answer),
                  host_.clock.Monotonic() + seconds(unit.health.interval_seconds)};
  return passed;
}

}  // namespace activator
