// What a prune would remove, and what it keeps and why. Changes nothing.
#ifndef SLIPWAY_ACTIVATOR_PRUNE_PRUNE_PLAN_H_
#define SLIPWAY_ACTIVATOR_PRUNE_PRUNE_PLAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "activator/os/disk_use.h"
#include "images/version/host_layout.h"

namespace activator {

struct PruneOptions {
  uint64_t keep = 3;
  uint64_t staged = 10;
  uint64_t older_than_seconds = 0;
  std::optional<uint64_t> max_bytes;
  std::vector<uint64_t> pin;  // generations; then nothing is pruned
  std::vector<uint64_t> unpin;
};

// A version or a transfer that stays.
struct Kept {
  std::string path;
  std::string why;     // for people
  uint64_t bytes = 0;  // of disk; what several share counts for each
};

struct PrunePlan {
  std::vector<uint64_t> generations;       // ascending
  std::vector<std::string> versions;       // paths of NAME/ID, sorted
  std::vector<std::string> incoming;       // paths of abandoned transfers
  std::vector<std::string> agents;         // paths of old agents, sorted
  std::vector<std::string> leftovers;      // of a prune that was cut off
  std::vector<std::string> kept_in_use;    // versions that would go, were they not mounted or used
  std::vector<std::string> kept_for_push;  // or read from by a transfer
  // Generations that cannot be read, with why: they are kept, and so is every version, since they
  // may name it.
  std::map<uint64_t, std::string> unreadable;
  std::vector<Kept> kept;
  uint64_t freed_bytes = 0;  // of disk, once all of it is gone
  uint64_t held_bytes = 0;   // of disk, what all versions that stay take

  bool IsEmpty() const {
    return generations.empty() && versions.empty() && incoming.empty() && agents.empty() &&
           leftovers.empty();
  }
};

// Kept are the `keep` generations (the active one among them) that were healthy last, those that
// were left less than `older_than_seconds` ago, and in any case those of retention.h. Where the
// versions would take more than `max_bytes`, fewer are kept, as far as that helps. A version
// goes when no kept generation names it, `--rollback NAME` would not take it, nothing uses it
// (`in_use`: images_in_use.h), no transfer reads from it, and either a generation that goes names
// it, or it is more than a day old: a push may have brought it and not staged it yet. A transfer
// goes when it is a week old and nobody holds its lock. An agent goes when no root's bin/activate
// leads to it and no push used it for 30 days. What the clock cannot tell the age of stays.
PrunePlan PlanPrune(const images::HostLayout& layout, const PruneOptions& options,
                    const std::set<FileId>& in_use);

// Sets freed_bytes and held_bytes to what the plan's lists come to.
void CountBytes(const images::HostLayout& layout, PrunePlan& plan);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PRUNE_PRUNE_PLAN_H_
