// Time of day and waiting, behind an interface so that tests of deadlines need not wait.
#ifndef SLIPWAY_BASE_CLOCK_H_
#define SLIPWAY_BASE_CLOCK_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace base {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  virtual std::chrono::system_clock::time_point Now();        // what the calendar says
  virtual std::chrono::steady_clock::time_point Monotonic();  // for intervals
  virtual void Sleep(std::chrono::milliseconds duration);
};

Clock& SystemClock();

// "2026-01-31T23:59:59Z".
std::string ToIso8601(std::chrono::system_clock::time_point time);
// nullopt where it is not such a text.
std::optional<std::chrono::system_clock::time_point> FromIso8601(const std::string& text);
// A day or a time that a person gives: "2026-11-24" (its first moment), "2026-11-24T12:00",
// "2026-11-24T12:00:30", each of this machine's time zone, or of UTC with a "Z" at the end; "today"
// and "yesterday" before `now`. nullopt where it is none.
std::optional<std::chrono::system_clock::time_point> ParseDate(
    const std::string& text, std::chrono::system_clock::time_point now);
// Milliseconds since 1970.
uint64_t ToUnixMs(std::chrono::system_clock::time_point time);

}  // namespace base

#endif  // SLIPWAY_BASE_CLOCK_H_
