#include "pusher/publish/lost_swaps.h"

#include <utility>

#include "base/error.h"

namespace pusher {

LostSwaps::LostSwaps(std::string what, const store::RetryPolicy& policy)
    : what_(std::move(what)), policy_(policy) {}

void LostSwaps::Wait() {
  if (lost_ >= policy_.retries) {
    base::Fail(base::ExitCode::kBusy, "others change {} all the time: try again later", what_);
  }
  store::SleepUnlessInterrupted(store::DelayAfter(policy_, lost_++));
}

}  // namespace pusher
