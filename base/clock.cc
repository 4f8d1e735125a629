#include "base/clock.h"

#include <fmt/chrono.h>
#include <time.h>

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

std::optional<std::chrono::system_clock::time_point> FromIso8601(const std::string& text) {
  std::tm fields{};
  const char* const end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &fields);
  if (end == nullptr || *end != '\0') {
    return std::nullopt;
  }
  return std::chrono::system_clock::from_time_t(::timegm(&fields));
}

uint64_t ToUnixMs(std::chrono::system_clock::time_point time) {
  using std::chrono::milliseconds;
  return static_cast<uint64_t>(
      std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count());
}

}  // namespace base
