// The facts of a generation that was staged before there was units.json, taken from the text of its
// units and from the manifests of its versions. Goes when no host holds such a generation any more.
#ifndef SLIPWAY_ACTIVATOR_HOST_OLDER_GENERATION_H_
#define SLIPWAY_ACTIVATOR_HOST_OLDER_GENERATION_H_

#include <cstdint>

#include "images/version/host_layout.h"
#include "units/unit_facts.h"

namespace activator {

// A version that is gone or damaged, and a generation's record likewise, cost only health settings:
// the way back, and the way out of a damaged generation, must not depend on more than they need.
units::FactsByUnit FactsOfOlder(const images::HostLayout& layout, uint64_t generation);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_OLDER_GENERATION_H_
