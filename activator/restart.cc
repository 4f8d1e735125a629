#include "activator/restart.h"

#include <set>

#include "activator/health.h"
#include "activator/hosted_units.h"
#include "base/error.h"

namespace activator {
namespace {

using std::chrono::seconds;

constexpr seconds kAfterKill{20};

// What ran is gone, whatever became of what comes after it.
bool IsReplaced(const UnitState& before, const UnitState& now) {
  return now.invocation_id != before.invocation_id || (now.IsDown() && !now.has_job);
}

// A socket's restart takes its service along, by Requires=.
UnitNames WithoutServicesOf(const UnitNames& units) {
  UnitNames out;
  for (const std::string& unit : units) {
    const std::string service = StemOf(unit, ".service");
    if (service.empty() || !Contains(units, service + ".socket")) {
      out.push_back(unit);
    }
  }
  return out;
}

void WaitUntilReplaced(const Host& host, const std::map<std::string, UnitState>& before) {
  UnitNames units;
  for (const auto& [name, state] : before) {
    units.push_back(name);
  }
  const auto start = host.clock.Monotonic();
  Pause pause(host.clock);
  std::set<std::string> killed;
  for (bool waiting = !units.empty(); waiting;) {
    waiting = false;
    const auto waited = host.clock.Monotonic() - start;
    for (const auto& [name, state] : host.systemd.Show(units)) {
      if (IsReplaced(before.at(name), state)) {
        continue;
      }
      waiting = true;
      const seconds limit = StopLimit(state);
      if (!state.has_job || waited > limit + kAfterKill) {
        base::Fail(base::Code::kFailed, "{} was to be restarted, and still runs as before ({})",
                   name, state.sub);
      }
      if (waited > limit && state.active == "deactivating" && killed.insert(name).second) {
        host.systemd.Kill(name);
      }
    }
    if (waiting) {
      pause.Sleep();
    }
  }
}

}  // namespace

void RestartInPlace(const Host& host, const UnitNames& units) {
  const std::map<std::string, UnitState> before = host.systemd.Show(units);
  host.systemd.Restart(WithoutServicesOf(units), Jobs::kAwaitBriefly);
  WaitUntilReplaced(host, before);
  host.systemd.Start(units, Jobs::kAwaitBriefly);  // a socket takes along only a service that ran
}

}  // namespace activator
