#include "base/clock.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace base {
namespace {

TEST(ClockTest, CalendarTimeIsUtcToTheSecond) {
  using std::chrono::system_clock;
  EXPECT_EQ(ToIso8601(system_clock::from_time_t(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(ToIso8601(system_clock::from_time_t(1769903999) + std::chrono::milliseconds(999)),
            "2026-01-31T23:59:59Z");
}

TEST(ClockTest, ATimeThatTheClockCannotHoldIsNone) {
  for (const char* text : {"1678-01-01T00:00:00Z", "2261-12-31T23:59:59Z"}) {
    EXPECT_EQ(ToIso8601(FromIso8601(text).value()), text);
  }
  for (const char* text : {"1677-12-31T23:59:59Z", "1013-11-29T21:11:08Z", "2262-01-01T00:00:00Z",
                           "9999-12-31T23:59:59Z"}) {
    EXPECT_EQ(FromIso8601(text), std::nullopt) << text;
  }
}

TEST(ClockTest, ReadsDatesAsPeopleWriteThem) {
  const auto now = FromIso8601("2026-11-25T08:30:00Z").value();
  const auto utc = [&](const std::string& text) {
    const auto date = ParseDate(text, now);
    return date ? ToIso8601(*date) : "";
  };
  ::setenv("TZ", "XXX-2", 1);  // two hours before Greenwich, without a file
  EXPECT_EQ(utc("2026-11-24"), "2026-11-23T22:00:00Z");
  EXPECT_EQ(utc("2026-11-24T12:00"), "2026-11-24T10:00:00Z");
  EXPECT_EQ(utc("2026-11-24T12:00:30"), "2026-11-24T10:00:30Z");
  EXPECT_EQ(utc("2026-11-24T12:00Z"), "2026-11-24T12:00:00Z");
  EXPECT_EQ(utc("today"), "2026-11-24T22:00:00Z");
  EXPECT_EQ(utc("yesterday"), "2026-11-23T22:00:00Z");
  for (const char* bad :
       {"", "tuesday", "2026-11-31", "2026-11", "12:00", "2026-11-24T12", "2026-11-24T25:00",
        "2999-01-01", "2026-11-24 12:00", "2026-11-24T12:00+02:00", "7"}) {
    EXPECT_EQ(utc(bad), "") << bad;
  }
  ::unsetenv("TZ");
}

TEST(ClockTest, SleepsByTheMonotonicClock) {
  const auto start = SystemClock().Monotonic();
  SystemClock().Sleep(std::chrono::milliseconds(20));
  EXPECT_GE(SystemClock().Monotonic() - start, std::chrono::milliseconds(20));
}

}  // namespace
}  // namespace base
