// Which lines of a unit's journal a person is shown.
#include "activator/os/unit_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Entry(const std::string& message, int pid = 7, int priority = 6) {
  return fmt::format(R"({{"MESSAGE":"{}","_PID":"{}","PRIORITY":"{}"}})", message, pid, priority) +
         "\n";
}

TEST(UnitLog, HasEachLineOnceWhereItWasWrittenLast) {
  std::string entries = Entry("connects") + Entry("begins") + Entry("ready");
  for (int i = 0; i < 20; ++i) {
    entries += Entry("waits");
  }
  entries += Entry("connects");
  EXPECT_THAT(ParseUnitLog(entries).lines, ElementsAre("begins", "ready", "waits", "connects"));
}

// As PostgreSQL's, from a child, before its parent ends in peace.
TEST(UnitLog, KeepsTheLastErrorBeforeFiveOtherLines) {
  EXPECT_THAT(ParseUnitLog(Entry("an error") + Entry("FATAL:  no room", 8) + Entry("1") +
                           Entry("2") + Entry("3") + Entry("4") + Entry("5"))
                  .lines,
              ElementsAre("FATAL:  no room", "2", "3", "4", "5"));
  EXPECT_THAT(
      ParseUnitLog(Entry("no room", 8, 3) + Entry("1") + Entry("2") + Entry("3") + Entry("4"))
          .lines,
      ElementsAre("no room", "1", "2", "3", "4"));
}

TEST(UnitLog, HasWhatSystemdSaysWhereTheUnitSaysNothing) {
  const std::string of_systemd =
      Entry("Starting web.service", 1) + Entry("web.service: Failed with result", 1, 4);
  EXPECT_THAT(ParseUnitLog(of_systemd).lines, ElementsAre("web.service: Failed with result"));
  EXPECT_THAT(ParseUnitLog(of_systemd + Entry("gave up")).lines, ElementsAre("gave up"));
}

TEST(UnitLog, TellsHowTheLastRunEnded) {
  const UnitLog log =
      ParseUnitLog(R"({"MESSAGE":"web.service: Main process exited","_PID":"1","EXIT_STATUS":"7"})"
                   "\n"
                   R"({"MESSAGE":"web.service: Failed","_PID":"1","UNIT_RESULT":"exit-code"})"
                   "\n" +
                   Entry("Started", 1));
  EXPECT_EQ(log.result, "exit-code");
  EXPECT_EQ(log.exit_status, 7);
}

TEST(UnitLog, TakesWhateverTheJournalHas) {
  EXPECT_THAT(ParseUnitLog("no json\n[]\n{\"MESSAGE\":null}\n").lines, IsEmpty());
  EXPECT_THAT(ParseUnitLog("{\"MESSAGE\":[97,255],\"_PID\":\"7\"}\n").lines, ElementsAre("a\xff"));
  EXPECT_THAT(ParseUnitLog(Entry("one\\n\\ntwo\\r") + Entry(std::string(400, 'x'))).lines,
              ElementsAre("one", "two", std::string(300, 'x')));
}

}  // namespace
}  // namespace activator
