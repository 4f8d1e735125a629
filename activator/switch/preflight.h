// Checks everything that can be checked before anything is touched: a failure here costs nothing.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_PREFLIGHT_H_
#define SLIPWAY_ACTIVATOR_SWITCH_PREFLIGHT_H_

#include <cstdint>
#include <string>

#include "activator/host/foreign_units.h"
#include "activator/host/host.h"

namespace activator {

// What an operator should know where SELinux decides what services may do; else empty.
// `enforce_file`: where the kernel says it.
std::string SelinuxNote(const std::string& enforce_file);

// Checks what changes between the two generations: their images (host.check_image), the files and
// users on the host that they need, that their units' names and ports are free, and that systemd
// understands the units. Throws Error{kFailed} or {kVerification} with what is wrong and what to
// do.
void Preflight(const Host& host, uint64_t from, uint64_t to,
               UnitConflictPolicy foreign = UnitConflictPolicy::kRefuse);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_PREFLIGHT_H_
