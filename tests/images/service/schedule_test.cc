#include "images/service/schedule.h"

#include <gmock/gmock.h>

namespace images {
namespace {

TEST(ScheduleTest, IsWhatSystemdUnderstands) {
  for (const char* text :
       {"daily", "Weekly", "minutely", "03:30", "*:0/15", "*-*-01 00:00:00", "Mon..Fri 22:30",
        "Mon,Thu *-*-* 10:00", "saturday", "2026-12-24 18:00 Europe/Berlin", "*-02~01", "03:30 UTC",
        "Sat,Mon-Wed", "Mon *-*~07/1"}) {
    EXPECT_EQ(ScheduleProblem(text), "") << text;
  }
}

TEST(ScheduleTest, NamesTheWordThatMeansNothing) {
  for (const char* text : {"dayly", "every day", "3", "03:30 o'clock", "Mon 03:30 pm", " daily",
                           "03:30  UTC", "Mon\n", "30 3 * * *", "@daily", "Europe/Berlin"}) {
    EXPECT_NE(ScheduleProblem(text), "") << text;
  }
  EXPECT_THAT(ScheduleProblem("dayly"), testing::HasSubstr("'dayly' in 'dayly' means nothing"));
  EXPECT_THAT(ScheduleProblem(""), testing::HasSubstr("it is empty"));
}

}  // namespace
}  // namespace images
