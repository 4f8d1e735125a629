#include "pusher/delta/push_size.h"

#include <optional>
#include <vector>

#include "base/interrupt.h"
#include "pusher/delta/image_send_state.h"

namespace pusher {

uint64_t PushBytesWithDeltas(const images::ImageDirectory& from, const images::ImageDirectory& to) {
  SendCache cache(/*keep=*/false);
  const std::shared_ptr<ImageSendState> state = cache.Of(to);
  const std::shared_ptr<DeltaCache> deltas = state->DeltasAgainst(from);
  const std::vector<bool> missing = state->chunks().LackedBy(from.ReadIndex());
  uint64_t out = state->Metadata(&from)->bytes.size();
  for (size_t number = 0;;) {
    base::ThrowIfInterrupted();
    const std::optional<ChunkGroup> group = deltas->NextGroup(number, missing);
    if (!group) {
      return out;
    }
    if (const auto delta = deltas->Make(*group, missing)) {
      out += delta->size();
      continue;
    }
    for (size_t i = group->first; i < group->first + group->count; ++i) {
      out += state->chunks()[i].size_bytes;
    }
  }
}

}  // namespace pusher
