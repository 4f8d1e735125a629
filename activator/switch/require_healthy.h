// Whether "healthy" may be said of a whole generation, whatever a switch changed of it.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_REQUIRE_HEALTHY_H_
#define SLIPWAY_ACTIVATOR_SWITCH_REQUIRE_HEALTHY_H_

#include <cstdint>
#include <functional>
#include <string_view>

#include "activator/host/host.h"
#include "activator/host/installed_units.h"

namespace activator {

// Throws Error{kNeedsAttention} that names the services of the active generation that are not well,
// whatever switch or crash left them so: "generation 7 is active SO_FAR". `asked`: those whose
// checks were asked just now; the others' are. `theirs`: which of the units count, for whoever may
// not see all; null: all.
using ChooseUnits = std::function<InstalledUnits(const InstalledUnits& units)>;
void RequireHealthy(const Host& host, uint64_t active, const UnitNames& asked,
                    std::string_view so_far, const ChooseUnits& theirs = nullptr);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_REQUIRE_HEALTHY_H_
