// Units of the host's own that systemd stops along with ours, because they require them, are bound
// to them or are a part of them. systemd does not start them again.
#ifndef SLIPWAY_ACTIVATOR_HOST_DEPENDENTS_H_
#define SLIPWAY_ACTIVATOR_HOST_DEPENDENTS_H_

#include <map>
#include <string>

#include "activator/host/host.h"
#include "activator/host/installed_units.h"
#include "activator/os/systemd.h"

namespace activator {

struct Dependents {
  UnitNames started_again;
  // Depend on a unit that goes for good, so they cannot be started, or should not be.
  UnitNames left_down;
};

// Those that run, also what depends on them in turn. Not among them: scopes and other units that
// nobody could start again. `stopped`: what is stopped or restarted, with what systemd says of it;
// `removed`: those of them that go for good; `ours`: all units that a generation has.
Dependents FindDependents(Systemd& systemd, const std::map<std::string, UnitState>& stopped,
                          const UnitNames& removed, const UnitNames& ours);

// What a switch between these two would do to them, for reports.
Dependents FindDependents(Systemd& systemd, const InstalledUnits& from, const InstalledUnits& to);

// Starts those of `units`, which are of the host's own, that do not run, and returns them as what
// is to be watched. Not the jobs among them (Type=oneshot, a backup, whether or not it remains),
// which take as long as they take: these are named on host.io.
InstalledUnits StartOthers(const Host& host, const UnitNames& units);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_DEPENDENTS_H_
