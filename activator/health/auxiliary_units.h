// Runs hooks and checks in the image, as oneshot units that were rendered when the generation was
// staged (units/auxiliary_units.h). They are linked where the next boot clears them, so recovery
// after a crash only has to stop those that run.
#ifndef SLIPWAY_ACTIVATOR_HEALTH_AUXILIARY_UNITS_H_
#define SLIPWAY_ACTIVATOR_HEALTH_AUXILIARY_UNITS_H_

#include <string>

#include "activator/host/host.h"
#include "activator/host/installed_units.h"
#include "units/auxiliary_units.h"

namespace activator {

// Makes the links those of the generation; systemd sees them with its next reload. False: they were
// already.
bool EnsureAuxiliaryLinks(const Host& host, uint64_t generation);

// Stops what runs of them.
void StopAuxiliaryUnits(const Host& host);

// Runs the task of each of `units` that has one, one after the other, as services before them in
// the alphabet come first. Throws Error{kFailed} with the task's last log lines for the first that
// fails, and for one that does not end within its time, which is then killed.
void RunHooks(const Host& host, const InstalledUnits& units, units::AuxiliaryUnit task);

// Who runs a check. Whoever does not hold the host's lock runs it under a name of its own: a switch
// may run the same one at the same time, and would take its end for the end of its own.
enum class CheckRunner { kHoldsLock, kOnlyLooks };

// Runs the check of the unit: whether it passed, and how it ended where not.
ProbeResult RunCheckUnit(const Host& host, const std::string& unit, const InstalledUnit& of,
                         CheckRunner runner);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HEALTH_AUXILIARY_UNITS_H_
