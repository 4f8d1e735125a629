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

std::string OfSystemd(const std::string& message, const std::string& fields) {
  return fmt::format(R"({{"MESSAGE":"{}","_PID":"1",{}}})", message, fields) + "\n";
}

TEST(UnitLog, TellsWhyAUnitDoesNotRunAlthoughNothingFailed) {
  const std::string well = OfSystemd("web.service: Deactivated successfully.",
                                     R"("MESSAGE_ID":"7ad2d189f7e94e70a38c781354912448")");
  EXPECT_EQ(ParseUnitLog(well).why_down, "it ended at once, with success");
  EXPECT_TRUE(ParseUnitLog(well).ended_well);
  // In the words of systemd 252, and of 257.
  const std::string skipped = OfSystemd(
      "web.service was skipped because of an unmet condition check "
      "(ConditionPathExists=/srv/x (y)).",
      R"("JOB_RESULT":"done")");
  EXPECT_EQ(ParseUnitLog(well + skipped).why_down,
            "a condition of its unit is not met (ConditionPathExists=/srv/x (y))");
  EXPECT_FALSE(ParseUnitLog(well + skipped).ended_well);
  for (const auto& [message, condition] : std::vector<std::pair<std::string, std::string>>{
           {"web.service - Condition of web skipped, unmet condition check "
            "ConditionPathExists=/srv/x (y)",
            " (ConditionPathExists=/srv/x (y))"},
           {"web.service skipped, no trigger condition checks were met.", ""}}) {
    EXPECT_EQ(ParseUnitLog(OfSystemd(message, R"("JOB_RESULT":"done")")).why_down,
              "a condition of its unit is not met" + condition);
  }
  EXPECT_EQ(ParseUnitLog(OfSystemd("web.service was skipped because no trigger condition checks "
                                   "were met.",
                                   R"("JOB_RESULT":"done")"))
                .why_down,
            "a condition of its unit is not met");
  EXPECT_EQ(ParseUnitLog(OfSystemd("web.service: Skipped due to 'exec-condition'.",
                                   R"("UNIT_RESULT":"exec-condition")"))
                .why_down,
            "its ExecCondition= says that it is not to run");
  EXPECT_EQ(ParseUnitLog(OfSystemd("Dependency failed", R"("JOB_RESULT":"dependency")")).why_down,
            "a unit that it requires did not start");
  EXPECT_EQ(ParseUnitLog(OfSystemd("Assertion failed", R"("JOB_RESULT":"assert")")).why_down,
            "an assertion (Assert...=) of its unit is not met");
  EXPECT_EQ(ParseUnitLog(Entry("web was skipped because of me")).why_down, "");
}

TEST(UnitLog, TellsWhenRunsEndedBadly) {
  const auto end = [](const char* id, int time) {
    return fmt::format(R"({{"MESSAGE_ID":"{}","__MONOTONIC_TIMESTAMP":"{}"}})", id, time) + "\n";
  };
  EXPECT_EQ(ParseBadEnds(""), std::nullopt);
  EXPECT_THAT(*ParseBadEnds(end(kEndedWell, 5)), IsEmpty());
  EXPECT_THAT(*ParseBadEnds(end(kEndedBadly, 5) + end(kEndedWell, 6) + end(kEndedBadly, 7)),
              ElementsAre(std::chrono::microseconds(5), std::chrono::microseconds(7)));
}

TEST(UnitLog, TellsHowTheLastRunThatHasEndedDid) {
  const auto entry = [](const char* id, const std::string& fields, int time) {
    return fmt::format(R"({{"MESSAGE_ID":"{}",{}"__REALTIME_TIMESTAMP":"{}"}})", id, fields, time) +
           "\n";
  };
  EXPECT_FALSE(ParseLastEnd(""));
  const std::string bad = entry(kProcessEnded, R"("EXIT_STATUS":"5",)", 6) +
                          entry(kEndedBadly, R"("UNIT_RESULT":"exit-code",)", 7);
  const std::string good = entry(kProcessEnded, "", 8) + entry(kEndedWell, "", 9);
  // The process of a run that goes on says nothing yet.
  const std::optional<RunEnd> last =
      ParseLastEnd(good + bad + entry(kProcessEnded, R"("EXIT_STATUS":"6",)", 10));
  ASSERT_TRUE(last);
  EXPECT_FALSE(last->is_good);
  EXPECT_EQ(last->result, "exit-code");
  EXPECT_EQ(last->exit_status, 5);
  EXPECT_EQ(last->when.time_since_epoch(), std::chrono::microseconds(7));
  EXPECT_TRUE(ParseLastEnd(bad + good)->is_good);
  EXPECT_EQ(ParseLastEnd(bad + good)->exit_status, 0);
}

TEST(UnitLog, TakesWhateverTheJournalHas) {
  EXPECT_THAT(ParseUnitLog("no json\n[]\n{\"MESSAGE\":null}\n").lines, IsEmpty());
  EXPECT_THAT(ParseUnitLog("{\"MESSAGE\":[97,255],\"_PID\":\"7\"}\n").lines, ElementsAre("a\xff"));
  EXPECT_THAT(ParseUnitLog(Entry("one\\n\\ntwo\\r") + Entry(std::string(400, 'x'))).lines,
              ElementsAre("one", "two", std::string(300, 'x')));
}

}  // namespace
}  // namespace activator
