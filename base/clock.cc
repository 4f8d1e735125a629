#include "base/clock.h"

#include <fmt/chrono.h>

#include <thread>

namespace base {

std::chrono::system_clock::time_point Clock::Now() { return std::chrono::system_clock::now(); }
std::chrono::steady_clock::time_point Clock::Monotonic() {
  return std::chrono::steady_clock::now();
}
void Clock::Sleep(std::chrono::milliseconds duration) { std::this_thread::sleep_for(duration); }

Clock& SystemClock() {
  static Clock clock;
  return clock;
}

std::string ToIso8601(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace base
