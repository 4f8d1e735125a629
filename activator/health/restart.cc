#include "activator/health/restart.h"

#include "activator/health/health.h"
#include "activator/health/stopping.h"
#include "activator/host/installed_units.h"
#include "base/error.h"

namespace activator {
namespace {

// What ran is gone, whatever became of what comes after it.
bool IsReplaced(const UnitState& before, const UnitState& now) {
  return before.IsDown() || now.IsDown() || now.invocation_id != before.invocation_id;
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
  StopEscalation watch(host);
  PollBackoff pause(host.clock);
  for (bool waiting = !units.empty(); waiting;) {
    waiting = false;
    for (const auto& [name, state] : host.systemd.Show(units)) {
      if (IsReplaced(before.at(name), state)) {
        continue;
      }
      waiting = true;
      if (!state.has_job) {
        base::Fail(base::ExitCode::kFailed, "{} was to be restarted, and still runs as before ({})",
                   name, state.sub);
      }
      watch.Escalate(name, state);
    }
    if (waiting) {
      pause.Sleep();
    }
  }
}

}  // namespace

void QueueRestartInPlace(const Host& host, const UnitNames& units) {
  host.systemd.Restart(WithoutServicesOf(units), Jobs::kQueue);
}

void RestartInPlace(const Host& host, const UnitNames& units) {
  const std::map<std::string, UnitState> before = host.systemd.Show(units);
  host.systemd.Restart(WithoutServicesOf(units), Jobs::kAwaitBriefly);
  WaitUntilReplaced(host, before);
  host.systemd.Start(units, Jobs::kAwaitBriefly);  // a socket takes along only a service that ran
}

}  // namespace activator
