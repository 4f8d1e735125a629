// When a request is tried again.
#ifndef SLIPWAY_STORE_RETRY_H_
#define SLIPWAY_STORE_RETRY_H_

#include <chrono>
#include <optional>
#include <string>

#include "store/http.h"

namespace store {

struct RetryPolicy {
  int retries = 5;
  std::chrono::milliseconds first_delay{300};  // doubled each time, half of it by chance
  std::chrono::milliseconds max_delay{20'000};
  std::chrono::milliseconds max_retry_after{60'000};  // of what a server asks for
};

// Whether the same request may well be answered in a while: no connection, none any more, no
// answer in time, or one that says so (408, 429, 500, 503; 409: of two writes at once).
bool IsTransient(const Answer& answer);

// The retries of one request.
class Retries {
 public:
  explicit Retries(const RetryPolicy& policy) : policy_(policy) {}

  // How long to wait before the next try; nullopt: the answer is final, or there were enough.
  std::optional<std::chrono::milliseconds> Next(const Answer& answer);
  // The same, and waits. Throws when interrupted.
  bool Wait(const Answer& answer);

 private:
  RetryPolicy policy_;
  int done_ = 0;
};

// Of the header's value: seconds, or a date; nullopt where it is neither.
std::optional<std::chrono::milliseconds> ParseRetryAfter(const std::string& value);

// Before the next try, after `failed` others: without what a server asks for.
std::chrono::milliseconds DelayAfter(const RetryPolicy& policy, int failed);

void SleepUnlessInterrupted(std::chrono::milliseconds duration);

}  // namespace store

#endif  // SLIPWAY_STORE_RETRY_H_
