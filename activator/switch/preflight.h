// Checks everything that can be checked before anything is touched: a failure here costs nothing.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_PREFLIGHT_H_
#define SLIPWAY_ACTIVATOR_SWITCH_PREFLIGHT_H_

#include <cstdint>
#include <map>
#include <string>

#include "activator/host/foreign_units.h"
#include "activator/host/host.h"
#include "activator/host/installed_units.h"
#include "activator/stage/stage.h"

namespace activator {

// What an operator should know where SELinux decides what services may do; else empty.
// `enforce_file`: where the kernel says it.
std::string SelinuxNote(const std::string& enforce_file);

// What a switch would make active; it need not be staged.
struct PreflightTarget {
  Apps apps;
  InstalledUnits units;
  std::map<std::string, std::string> tasks;  // texts of hooks and checks
  bool was_healthy = false;                  // the way back to what ran before stays open
  PendingManifests coming;                   // of versions whose images a push still verifies
};

PreflightTarget TargetOf(const images::HostLayout& layout, uint64_t generation);
// Of what staging `apps` would come to.
PreflightTarget TargetOf(const images::HostLayout& layout, const Apps& apps,
                         const PendingManifests& coming = {});

// Checks what changes from generation `from`: images (host.check_image), the files and users on the
// host that they need, that the units' names and ports are free, that systemd understands the
// units, and that the boot unit can be ours. Changes nothing. Throws what it found: one
// Error{kFailed} or {kVerification} with what is wrong and what to do, or base::SeveralErrors.
void Preflight(const Host& host, uint64_t from, const PreflightTarget& to,
               UnitConflictPolicy foreign = UnitConflictPolicy::kRefuse);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_PREFLIGHT_H_
