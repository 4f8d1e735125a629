// Whether "healthy" may be said of a whole generation, whatever a switch changed of it.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_REQUIRE_HEALTHY_H_
#define SLIPWAY_ACTIVATOR_SWITCH_REQUIRE_HEALTHY_H_

#include <cstdint>
#include <string_view>

#include "activator/host/host.h"

namespace activator {

// Throws Error{kNeedsAttention} that names the services of the active generation that are not well,
// whatever switch or crash left them so: "generation 7 is active SO_FAR". `asked`: those whose
// checks were asked just now; the others' are.
void RequireHealthy(const Host& host, uint64_t active, const UnitNames& asked,
                    std::string_view so_far);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_REQUIRE_HEALTHY_H_
