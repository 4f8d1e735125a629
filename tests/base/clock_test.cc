#include "base/clock.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(ClockTest, CalendarTimeIsUtcToTheSecond) {
  using std::chrono::system_clock;
  EXPECT_EQ(ToIso8601(system_clock::from_time_t(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(ToIso8601(system_clock::from_time_t(1769903999) + std::chrono::milliseconds(999)),
            "2026-01-31T23:59:59Z");
}

TEST(ClockTest, SleepsByTheMonotonicClock) {
  const auto start = SystemClock().Monotonic();
  SystemClock().Sleep(std::chrono::milliseconds(20));
  EXPECT_GE(SystemClock().Monotonic() - start, std::chrono::milliseconds(20));
}

}  // namespace
}  // namespace base
