// `imgpush channel prune`: one run of the pruner's protocol (docs/formats/channel.md).
#ifndef SLIPWAY_PUSHER_PUBLISH_PRUNE_RUN_H_
#define SLIPWAY_PUSHER_PUBLISH_PRUNE_RUN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "pusher/publish/channel_objects.h"

namespace pusher {

struct PruneResult {
  std::vector<std::string> deleted;  // keys; of a plan: those that would be
  uint64_t deleted_bytes = 0;
  uint64_t doomed = 0;     // that a run in 24 hours or later deletes, unless a head names them then
  uint64_t remaining = 0;  // of those to delete: the run took too long, a later one goes on
};

// Throws Error{kBusy} where another run deletes, or a publisher changes prune.json meanwhile;
// Error{kVerification} where a head is damaged, for nobody knows what it names. `plan`: nothing is
// written.
PruneResult RunPrune(ChannelObjects& objects, bool plan);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_PRUNE_RUN_H_
