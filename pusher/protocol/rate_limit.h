// Shares a rate of bytes among all who send. Any threads may use one object.
#ifndef SLIPWAY_PUSHER_PROTOCOL_RATE_LIMIT_H_
#define SLIPWAY_PUSHER_PROTOCOL_RATE_LIMIT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/clock.h"

namespace pusher {

class RateLimit {
 public:
  explicit RateLimit(uint64_t bytes_per_second, base::Clock& clock = base::SystemClock());

  // How many of `wanted` bytes may be sent now; 0: ask again in a moment. What nobody sends in a
  // tenth of a second is lost, so that nothing is ever sent faster for long.
  size_t Take(size_t wanted);

 private:
  const double bytes_per_second_;
  base::Clock& clock_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point last_;
  double budget_ = 0;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_RATE_LIMIT_H_
