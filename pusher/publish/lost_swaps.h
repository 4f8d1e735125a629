// Tries of a swap that others keep winning: with pauses, and not for ever.
#ifndef SLIPWAY_PUSHER_PUBLISH_LOST_SWAPS_H_
#define SLIPWAY_PUSHER_PUBLISH_LOST_SWAPS_H_

#include <chrono>
#include <string>

#include "store/retry.h"

namespace pusher {

// About half a minute.
inline constexpr store::RetryPolicy kSwapPolicy{
    20, std::chrono::milliseconds(100), std::chrono::milliseconds(2000), {}};

class LostSwaps {
 public:
  // `what`: the object, for messages.
  LostSwaps(std::string what, const store::RetryPolicy& policy);

  // Waits before the next try. Throws Error{kBusy} once there were enough.
  void Wait();

 private:
  const std::string what_;
  const store::RetryPolicy policy_;
  int lost_ = 0;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_LOST_SWAPS_H_
