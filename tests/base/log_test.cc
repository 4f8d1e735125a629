#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <thread>

#include "base/cli.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace base {
// A value that counts how often it becomes text.
struct CountsFormats {
  int* formatted;
};
}  // namespace base

template <>
struct fmt::formatter<base::CountsFormats> : fmt::formatter<int> {
  template <typename Context>
  auto format(const base::CountsFormats& counted, Context& context) const {
    ++*counted.formatted;
    return fmt::formatter<int>::format(7, context);
  }
};

namespace base {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class LogTest : public tests::ScratchTest {
 protected:
  LogTest() {
    ::unsetenv(kLogVariable);
    ::unsetenv("JOURNAL_STREAM");
  }
  ~LogTest() override {
    ::unsetenv(kLogVariable);
    ::unsetenv("JOURNAL_STREAM");
  }
  // What systemd sets where standard error leads to the journal.
  void LeadToJournal() {
    struct stat found {};
    ASSERT_EQ(::fstat(err_.get(), &found), 0);
    ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", found.st_dev, found.st_ino).c_str(), 1);
  }
  std::string Said() { return Get("err"); }

  UniqueFd err_ = Open(At("err"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  Io io_{0, 1, err_.get(), false};
};

TEST_F(LogTest, ALineForPeopleHasTheTimeTheLevelAndTheText) {
  const LogOutput output(io_);
  SetLogLevel(LogLevel::kDebug);
  LogDebug("{} of {}", 3, "web");
  EXPECT_THAT(Said(), MatchesRegex("[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\\.[0-9][0-9][0-9] debug: "
                                   "3 of web\n"));
}

TEST_F(LogTest, NothingBelowWarningsIsSaidByDefault) {
  const LogOutput output(io_);
  LogDebug("a");
  LogInfo("b");
  EXPECT_EQ(Said(), "");
  Log(LogLevel::kWarning, "c");
  Log(LogLevel::kError, "d");
  EXPECT_THAT(Said(), MatchesRegex(".* warning: c\n.* error: d\n"));
}

TEST_F(LogTest, NothingIsFormattedWhereTheLevelIsOff) {
  const LogOutput output(io_);
  int formatted = 0;
  LogDebug("{}", CountsFormats{&formatted});
  SetLogLevel(LogLevel::kOff);
  Log(LogLevel::kError, "{}", CountsFormats{&formatted});
  EXPECT_EQ(formatted, 0);
  SetLogLevel(LogLevel::kDebug);
  LogDebug("{}", CountsFormats{&formatted});
  EXPECT_EQ(formatted, 1);
}

TEST_F(LogTest, TheJournalGetsItsLevelsAndNoTime) {
  LeadToJournal();
  const LogOutput output(io_);
  SetLogLevel(LogLevel::kDebug);
  LogDebug("a");
  LogInfo("b");
  Log(LogLevel::kWarning, "c");
  Log(LogLevel::kError, "d");
  EXPECT_EQ(Said(), "<7>a\n<6>b\n<4>c\n<3>d\n");
}

TEST_F(LogTest, AStreamOfTheJournalThatIsNotStandardErrorChangesNothing) {
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  const LogOutput output(io_);
  SetLogLevel(LogLevel::kInfo);
  LogInfo("a");
  EXPECT_THAT(Said(), HasSubstr(" info: a\n"));
}

TEST_F(LogTest, ALineStaysOneLineAndDoesNotDriveATerminal) {
  const LogOutput output(io_);
  SetLogLevel(LogLevel::kInfo);
  LogInfo("{}", "a\nb\033[2Jc\xc2\x9b[2J");
  EXPECT_THAT(Said(), HasSubstr("a b [2Jc  [2J\n"));
}

TEST_F(LogTest, ALineTakesThePlaceOfAProgressLine) {
  io_.err_is_terminal = true;
  const LogOutput output(io_);
  SetLogLevel(LogLevel::kInfo);
  io_.WriteErr("half done");
  LogInfo("a");
  EXPECT_THAT(Said(), MatchesRegex("half done\r\033\\[K.* info: a\n"));
}

TEST_F(LogTest, AnOutputWithinAnotherTakesItsLines) {
  LeadToJournal();
  const LogOutput outer(io_);
  SetLogLevel(LogLevel::kInfo);
  std::string drawn;
  {
    const LogOutput inner([&](const std::string& line) { drawn += line; });
    LogInfo("a");
  }
  LogInfo("b");
  EXPECT_EQ(drawn, "<6>a\n");
  EXPECT_EQ(Said(), "<6>b\n");
}

TEST_F(LogTest, TheLevelIsTheDefaultAgainOnceNobodyListens) {
  {
    const LogOutput output(io_);
    SetLogLevel(LogLevel::kDebug);
  }
  EXPECT_EQ(CurrentLogLevel(), kDefaultLogLevel);
}

TEST_F(LogTest, ThreadsDoNotMixTheirLines) {
  const LogOutput output(io_);
  SetLogLevel(LogLevel::kDebug);
  constexpr int kLines = 200;
  const auto say = [](const std::string& text) {
    for (int i = 0; i < kLines; ++i) {
      LogDebug("{}", text);
    }
  };
  std::thread other(say, std::string(60, 'a'));
  say(std::string(60, 'b'));
  other.join();
  const std::string said = Said();
  int lines = 0;
  for (size_t at = 0; at < said.size(); at = said.find('\n', at) + 1) {
    const std::string text = said.substr(at, said.find('\n', at) - at).substr(20);
    EXPECT_TRUE(text == std::string(60, 'a') || text == std::string(60, 'b')) << text;
    ++lines;
  }
  EXPECT_EQ(lines, 2 * kLines);
}

TEST_F(LogTest, PhasesTellHowLongTheyTook) {
  const LogOutput output(io_);
  SetLogLevel(LogLevel::kInfo);
  PhaseLog phases("web");
  phases.Done("read");
  EXPECT_THAT(Said(), MatchesRegex(".* info: web: read in [0-9]+ ms\n"));
}

class LogOptionTest : public LogTest {
 protected:
  LogLevel LevelOf(const std::vector<std::string>& arguments) {
    CLI::App app("Does things.", "tool");
    EXPECT_TRUE(ParseArguments(app, arguments, io_));
    return CurrentLogLevel();
  }
  Error ErrorOf(const std::vector<std::string>& arguments) {
    return tests::ErrorOf([&] { LevelOf(arguments); });
  }
};

TEST_F(LogOptionTest, TheOptionWinsOverTheVariable) {
  const LogOutput output(io_);
  EXPECT_EQ(LevelOf({}), LogLevel::kWarning);
  ::setenv(kLogVariable, "info", 1);
  EXPECT_EQ(LevelOf({}), LogLevel::kInfo);
  EXPECT_EQ(LevelOf({"--log-level", "debug"}), LogLevel::kDebug);
  EXPECT_EQ(LevelOf({"--log-level=off"}), LogLevel::kOff);
}

TEST_F(LogOptionTest, AnUnknownLevelIsAWrongCommandLine) {
  const Error option = ErrorOf({"--log-level", "loud"});
  EXPECT_EQ(option.code(), ExitCode::kUsage);
  EXPECT_THAT(option.what(), HasSubstr("'loud' is no level: use debug, info, warning, error or "));
  ::setenv(kLogVariable, "verbose", 1);
  const Error variable = ErrorOf({});
  EXPECT_EQ(variable.code(), ExitCode::kUsage);
  EXPECT_STREQ(variable.what(), "SLIPWAY_LOG is 'verbose': use debug, info, warning, error or off");
}

}  // namespace
}  // namespace base
