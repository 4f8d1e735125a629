#include "pusher/protocol/rate_limit.h"

#include <algorithm>

namespace pusher {

RateLimit::RateLimit(uint64_t bytes_per_second, base::Clock& clock)
    : bytes_per_second_(static_cast<double>(bytes_per_second)),
      clock_(clock),
      last_(clock.Monotonic()) {}

size_t RateLimit::Take(size_t wanted) {
  constexpr double kMostSeconds = 0.1;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto now = clock_.Monotonic();
  budget_ += std::chrono::duration<double>(now - last_).count() * bytes_per_second_;
  budget_ = std::min(budget_, std::max(1.0, kMostSeconds * bytes_per_second_));
  last_ = now;
  const size_t out = std::min(wanted, static_cast<size_t>(budget_));
  budget_ -= static_cast<double>(out);
  return out;
}

}  // namespace pusher
