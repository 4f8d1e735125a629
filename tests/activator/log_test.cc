// What `activate` logs of a switch, and what it never does.
#include "base/log.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "activator/activate.h"
#include "activator/command_line.h"
#include "tests/activator/host_fixture.h"
#include "tests/support/errors.h"

namespace activator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LogTest : public HostTest {
 protected:
  LogTest() { base::SetLogLevel(base::LogLevel::kDebug); }
  std::string logged_;
  const base::LogOutput output_{[this](const std::string& line) { logged_ += line; }};
};

TEST_F(LogTest, ASwitchTellsItsStepsAndNoSecret) {
  edit_service = [](images::Service& service) { service.environment["TOKEN"] = "sentinel"; };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  for (const char* part :
       {" info: generation 1: checked in ", " info: switch from 0 to 1: new units started in ",
        " info: switch from 0 to 1: records done in "}) {
    EXPECT_THAT(logged_, HasSubstr(part));
  }
  EXPECT_THAT(logged_, Not(HasSubstr("sentinel")));
}

TEST_F(LogTest, ASwitchThatFailsTellsThatItWentBack) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  ASSERT_EQ(ActivateNumber(Stage("web", "fail")), 3) << error;
  EXPECT_THAT(logged_, HasSubstr(" info: switch from 1 to 2: rolled back in "));
}

TEST_F(LogTest, TheProcessOfTheSwitchLogsAsMuch) {
  const auto arguments = [](const std::vector<std::string>& given) {
    return RunSwitchArguments(ParseCommandLine(given, base::Io()).value());
  };
  const auto has = [](const std::vector<std::string>& words, const std::string& word) {
    return std::ranges::find(words, word) != words.end();
  };
  EXPECT_TRUE(has(arguments({"--latest", "--log-level", "debug"}), "debug"));
  EXPECT_FALSE(has(arguments({"--latest"}), "--log-level"));
}

TEST_F(LogTest, AnUnknownLevelIsAWrongCommandLine) {
  const base::Error wrong = tests::ErrorOf([&] {
    RunActivate({"--root", layout.root(), "--log-level", "loud", "list"}, base::Io());
  });
  EXPECT_EQ(wrong.code(), base::ExitCode::kUsage);
  EXPECT_THAT(wrong.what(), HasSubstr("'loud' is no level"));
}

}  // namespace
}  // namespace activator
