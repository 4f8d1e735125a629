#include "store/retry.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/random.h"
#include "store/http_client.h"

namespace store {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice(50);
constexpr int kMaxRetryAfterDigits = 9;

// 0 to 1.
double Chance() {
  const std::string digits = base::RandomHex(4);
  uint32_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return static_cast<double>(number) / 4294967295.0;
}

}  // namespace

bool IsTransient(const Answer& answer) {
  if (answer.failure != Failure::kNone) {
    return answer.failure == Failure::kNotSent || answer.failure == Failure::kCutOff;
  }
  constexpr std::array<int, 8> kAgain = {408, 409, 425, 429, 500, 502, 503, 504};
  return std::find(kAgain.begin(), kAgain.end(), answer.status) != kAgain.end();
}

std::optional<milliseconds> ParseRetryAfter(const std::string& value) {
  uint32_t seconds = 0;
  const char* const end = value.data() + value.size();
  if (value.size() <= kMaxRetryAfterDigits &&
      std::from_chars(value.data(), end, seconds).ptr == end && !value.empty()) {
    return std::chrono::seconds(seconds);
  }
  const std::optional<int64_t> date = ParseHttpDate(value);
  if (!date) {
    return std::nullopt;
  }
  const int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(base::SystemClock().Now().time_since_epoch())
          .count();
  return std::chrono::seconds(std::max<int64_t>(0, *date - now));
}

milliseconds DelayAfter(const RetryPolicy& policy, int failed) {
  milliseconds delay = policy.first_delay;
  for (int i = 0; i < failed && delay < policy.max_delay; ++i) {
    delay *= 2;
  }
  delay = std::min(delay, policy.max_delay);
  return milliseconds(
      static_cast<int64_t>(static_cast<double>(delay.count()) * (1.0 + Chance()) / 2));
}

std::optional<milliseconds> Retries::Next(const Answer& answer) {
  if (!IsTransient(answer) || done_ >= policy_.retries) {
    return std::nullopt;
  }
  milliseconds delay = DelayAfter(policy_, done_);
  if (const auto asked = answer.headers.find("retry-after"); asked != answer.headers.end()) {
    const milliseconds wanted = ParseRetryAfter(asked->second).value_or(milliseconds(0));
    delay = std::max(delay, std::min(wanted, policy_.max_retry_after));
  }
  ++done_;
  base::LogInfo("store: {}: try {} of {} in {} ms", Describe(answer), done_ + 1,
                policy_.retries + 1, delay.count());
  return delay;
}

bool Retries::Wait(const Answer& answer) {
  const std::optional<milliseconds> delay = Next(answer);
  if (delay) {
    SleepUnlessInterrupted(*delay);
  }
  return delay.has_value();
}

void SleepUnlessInterrupted(milliseconds duration) {
  const auto end = base::SystemClock().Monotonic() + duration;
  for (;;) {
    base::ThrowIfInterrupted();
    const auto left =
        std::chrono::duration_cast<milliseconds>(end - base::SystemClock().Monotonic());
    if (left <= milliseconds(0)) {
      return;
    }
    base::SystemClock().Sleep(std::min(left, kSlice));
  }
}

}  // namespace store
