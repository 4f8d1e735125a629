#include "base/clock.h"

#include <fmt/chrono.h>
#include <time.h>

#include <string_view>
#include <thread>

namespace base {
namespace {

// All of whose times fit in a time_point, which counts nanoseconds.
constexpr int kFirstYear = 1678;
constexpr int kLastYear = 2261;
constexpr int kYearOfTm = 1900;  // what tm_year counts from

}  // namespace

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
  const int year = fields.tm_year + kYearOfTm;
  if (end == nullptr || *end != '\0' || year < kFirstYear || year > kLastYear) {
    return std::nullopt;
  }
  return std::chrono::system_clock::from_time_t(::timegm(&fields));
}

std::optional<std::chrono::system_clock::time_point> ParseDate(
    const std::string& text, std::chrono::system_clock::time_point now) {
  using std::chrono::system_clock;
  if (text == "today" || text == "yesterday") {
    std::tm day = fmt::localtime(system_clock::to_time_t(now));
    day.tm_mday -= text == "today" ? 0 : 1;
    day.tm_hour = day.tm_min = day.tm_sec = 0;
    day.tm_isdst = -1;  // that day's own
    return system_clock::from_time_t(::mktime(&day));
  }
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"}) {
    std::tm fields{};
    fields.tm_isdst = -1;
    const char* const end = ::strptime(text.c_str(), format, &fields);
    const std::string_view rest = end == nullptr ? "?" : end;
    if (!rest.empty() && rest != "Z") {
      continue;
    }
    const int day = fields.tm_mday;
    const time_t seconds = rest.empty() ? ::mktime(&fields) : ::timegm(&fields);
    // No 31 November, and what a time_point can hold.
    if (fields.tm_mday == day && fields.tm_year >= 70 && fields.tm_year < 300) {
      return system_clock::from_time_t(seconds);
    }
  }
  return std::nullopt;
}

uint64_t ToUnixMs(std::chrono::system_clock::time_point time) {
  using std::chrono::milliseconds;
  return static_cast<uint64_t>(
      std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count());
}

}  // namespace base
