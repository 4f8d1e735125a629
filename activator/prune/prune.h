// Removes generations and versions that nobody will go back to.
#ifndef SLIPWAY_ACTIVATOR_PRUNE_PRUNE_H_
#define SLIPWAY_ACTIVATOR_PRUNE_PRUNE_H_

#include <string>

#include "activator/prune/prune_plan.h"
#include "images/version/host_layout.h"

namespace activator {

// Generations first, so that none ever names a version that is gone. Returns what was removed: the
// plan without what a transfer has begun to read from or to write meanwhile. The caller holds the
// host's lock, from before the plan was made.
PrunePlan Prune(const images::HostLayout& layout, PrunePlan plan, const std::string& by);

// Marks generations as never to be pruned, or takes that back. Likewise.
void Pin(const images::HostLayout& layout, const PruneOptions& options);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PRUNE_PRUNE_H_
