// Stops units and waits for them with a deadline, and says how units ended.
#ifndef SLIPWAY_ACTIVATOR_HEALTH_STOPPING_H_
#define SLIPWAY_ACTIVATOR_HEALTH_STOPPING_H_

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "activator/host/host.h"

namespace activator {

// Between two looks at systemd: short at first, since most services start and stop at once.
class PollBackoff {
 public:
  explicit PollBackoff(base::Clock& clock) : clock_(clock) {}
  void Sleep();

 private:
  base::Clock& clock_;
  std::chrono::milliseconds next_{5};
};

// Throws Error{kFailed}: "UNIT WHY", and as its detail what its check was told (empty: nothing),
// and its last log lines.
[[noreturn]] void FailUnit(const Host& host, const std::string& unit, const UnitState& state,
                           const std::string& why, const std::string& said = "");
[[noreturn]] void FailUnit(const std::string& unit, const UnitLog& log, const std::string& why,
                           const std::string& said = "");

// "exit-code, status 203".
std::string HowItEnded(const std::string& result, int exit_status);

// Those of `units` that are down and that no queued job starts.
UnitNames DownUnits(const Host& host, const UnitNames& units);

// The same, once those that systemd stops along with others are down: it waits for what is
// stopping.
UnitNames DownUnitsAfterStop(const Host& host, const UnitNames& units);

// How long systemd may take to stop the unit before we kill it.
std::chrono::seconds StopLimit(const UnitState& state);

// What is done about units that were told to stop and still run: nothing for as long as systemd
// gives them (TimeoutStopSec=), then SIGKILL, once. Throws Error{kFailed} where even that does not
// end one, and where the unit's own settings forbid to kill it.
class StopEscalation {
 public:
  explicit StopEscalation(const Host& host);  // they were told just now
  void Escalate(const std::string& unit, const UnitState& state);
  // Looks at `units` once, escalates, and returns those that are not down yet.
  UnitNames StillStopping(const UnitNames& units);

 private:
  const Host& host_;
  const std::chrono::steady_clock::time_point start_;
  std::set<std::string> killed_;
};

// Stops those that are not down and waits until they are; throws as StopEscalation.
void StopUnits(const Host& host, const UnitNames& units);
// Tells units that were asked about just now to stop, and waits a moment alone. Returns those that
// are not known to be down: StopEscalation is for them.
UnitNames BeginToStop(const Host& host, const std::map<std::string, UnitState>& units);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HEALTH_STOPPING_H_
