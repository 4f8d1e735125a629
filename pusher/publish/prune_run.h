// `imgpush channel prune`: one run of the pruner's protocol (docs/formats/channel.md).
#ifndef SLIPWAY_PUSHER_PUBLISH_PRUNE_RUN_H_
#define SLIPWAY_PUSHER_PUBLISH_PRUNE_RUN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "pusher/publish/channel_objects.h"
#include "pusher/publish/lost_swaps.h"

namespace pusher {

struct PruneResult {
  std::vector<std::string> deleted;  // keys; of a plan: those that would be
  uint64_t deleted_bytes = 0;
  uint64_t doomed = 0;  // that a run in 24 hours or later deletes, unless a head names them then
  // Of those to delete: the run took too long, and a later one goes on. Not of a plan.
  uint64_t remaining = 0;
};

// Throws Error{kBusy} where another run deletes, or a publisher changes prune.json meanwhile;
// Error{kVerification} where a head is damaged or not believed, for nobody knows what it names.
// `plan`: nothing is written.
PruneResult RunPrune(ChannelObjects& objects, bool plan,
                     const store::RetryPolicy& swaps = kSwapPolicy);

// Throws Error{kBusy} where it took too long.
void CheckPruneEnded(const PruneResult& result);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_PRUNE_RUN_H_
