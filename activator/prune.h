// Removing generations and versions that nobody will go back to.
#ifndef SLIPWAY_ACTIVATOR_PRUNE_H_
#define SLIPWAY_ACTIVATOR_PRUNE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "images/host_layout.h"

namespace activator {

struct PrunePlan {
  std::vector<uint64_t> generations;     // ascending
  std::vector<std::string> versions;     // paths of NAME/ID, sorted
  std::vector<std::string> incoming;     // paths of abandoned transfers
  std::vector<std::string> agents;       // paths of old agents, sorted
  std::vector<std::string> leftovers;    // of a prune that was cut off
  std::vector<std::string> kept_in_use;  // versions that would go, were they not mounted
  // Generations that cannot be read, with why: they are kept, and so is every version, since they
  // may name it.
  std::map<uint64_t, std::string> unreadable;
  uint64_t freed_bytes = 0;  // of disk, once all of it is gone

  bool IsEmpty() const {
    return generations.empty() && versions.empty() && incoming.empty() && agents.empty() &&
           leftovers.empty();
  }
};

// Kept are the active generation, the `keep` generations (the active one among them) that were
// healthy last, and the staged ones newer than the active one. A version goes when no kept
// generation names it and either a generation that goes does, or it is more than a day old: a push
// may have brought it and not staged it yet. A transfer goes when it is a week old and nobody holds
// its lock. An agent goes when no root's bin/activate leads to it and no push used it for 30 days.
// What the clock cannot tell the age of stays.
// The caller holds the host's lock and has recovered.
PrunePlan PlanPrune(const images::HostLayout& layout, uint64_t keep);

// Generations first, so that none ever names a version that is gone.
void Prune(const images::HostLayout& layout, const PrunePlan& plan, const std::string& by);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PRUNE_H_
