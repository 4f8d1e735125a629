#include "base/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kMoreThanAPipeHolds = size_t{4} << 20;

class RunTest : public tests::ScratchTest {
 protected:
  static void SetUpTestSuite() { ::signal(SIGPIPE, SIG_IGN); }
  static ProcessResult Shell(const std::string& script, const ProcessOptions& options = {}) {
    return base::Run({"sh", "-c", script}, options);
  }
  // Whether `call` returns well before the programs of these tests would end by themselves.
  template <typename Call>
  static bool IsQuick(Call call) {
    const auto start = std::chrono::steady_clock::now();
    call();
    return std::chrono::steady_clock::now() - start < seconds(20);
  }
};

TEST_F(RunTest, KeepsOutputAndErrorsApart) {
  const ProcessResult result = Shell("echo result; echo words >&2");
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, "result\n");
  EXPECT_EQ(result.err, "words\n");
}

TEST_F(RunTest, GivesExitCodesAndSignalsAsAShellDoes) {
  EXPECT_EQ(Shell("exit 7").exit_code, 7);
  EXPECT_FALSE(Shell("exit 7").ok());
  EXPECT_EQ(Shell("kill -TERM $$").exit_code, 128 + SIGTERM);
}

TEST_F(RunTest, PassesArgumentsByteForByte) {
  EXPECT_EQ(base::Run({"printf", "%s|", "a b", "$HOME", "'\"\\", "*", ""}).out,
            "a b|$HOME|'\"\\|*||");
}

TEST_F(RunTest, AddsToTheEnvironmentAndReplacesInIt) {
  ::setenv("SLIPWAY_TEST_OURS", "ours", 1);
  ::setenv("SLIPWAY_TEST_BOTH", "ours", 1);
  ProcessOptions options;
  options.environment = {{"SLIPWAY_TEST_BOTH", "theirs"}, {"SLIPWAY_TEST_NEW", "new"}};
  EXPECT_EQ(Shell("env | grep ^SLIPWAY_TEST_ | sort", options).out,
            "SLIPWAY_TEST_BOTH=theirs\nSLIPWAY_TEST_NEW=new\nSLIPWAY_TEST_OURS=ours\n");
}

TEST_F(RunTest, EmptyInputEndsAtOnce) { EXPECT_EQ(base::Run({"cat"}).out, ""); }

TEST_F(RunTest, MovesMuchDataBothWaysAtOnce) {
  ProcessOptions options;
  options.input = std::string(kMoreThanAPipeHolds, 'x');
  options.timeout = seconds(60);
  const ProcessResult result = Shell("tee /dev/stderr", options);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.out, options.input);
  EXPECT_EQ(result.err, options.input);
}

TEST_F(RunTest, ProgramNeedNotReadItsInput) {
  ProcessOptions options;
  options.input = std::string(kMoreThanAPipeHolds, 'x');
  EXPECT_EQ(Shell("exit 3", options).exit_code, 3);
}

TEST_F(RunTest, ProgramThatClosedItsOutputStillGetsItsInput) {
  ProcessOptions options;
  options.input = std::string(kMoreThanAPipeHolds, 'x');
  EXPECT_TRUE(Shell("exec >&- 2>&-; sleep 0.1; cat >" + At("f"), options).ok());
  EXPECT_EQ(Get("f").size(), kMoreThanAPipeHolds);
}

TEST_F(RunTest, MissingProgramIsENOENT) {
  const Error error = tests::ErrorOf([] { base::Run({"slipway-no-such-program"}); });
  EXPECT_STREQ(error.what(), "cannot run slipway-no-such-program: No such file or directory");
  EXPECT_EQ(error.error_number(), ENOENT);
}

TEST_F(RunTest, KillsTheProgramAtItsTimeout) {
  ProcessOptions options;
  options.timeout = milliseconds(100);
  ProcessResult result;
  EXPECT_TRUE(IsQuick([&] { result = Shell("echo before; exec sleep 100", options); }));
  EXPECT_TRUE(result.timed_out);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.exit_code, 128 + SIGKILL);
  EXPECT_EQ(result.out, "before\n");
}

TEST_F(RunTest, TimeoutHoldsForAProgramThatClosedItsOutput) {
  ProcessOptions options;
  options.timeout = milliseconds(100);
  EXPECT_TRUE(
      IsQuick([&] { EXPECT_TRUE(Shell("exec >&- 2>&-; exec sleep 100", options).timed_out); }));
}

TEST_F(RunTest, DoesNotWaitForWhatTheProgramLeftInTheBackground) {
  EXPECT_TRUE(IsQuick([] { EXPECT_EQ(Shell("sleep 30 & exit 4").exit_code, 4); }));
}

TEST_F(RunTest, ReadsAllThatTheProgramWroteBeforeItEnded) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Shell("head -c 65536 /dev/zero; head -c 60000 /dev/zero >&2").err.size(), 60000U);
  }
}

TEST_F(RunTest, ProgramsGetTheDefaultForPipeSignals) {
  EXPECT_EQ(base::Run({"sh", "-c", "kill -PIPE $$"}).exit_code, 128 + SIGPIPE);
}

TEST_F(RunTest, LeaksNoDescriptorsIntoPrograms) {
  const UniqueFd ours = OpenForReading(Put("ours", ""));
  const std::string theirs = base::Run({"ls", "-l", "/proc/self/fd"}).out;
  EXPECT_NE(theirs.find(" 0 -> "), std::string::npos) << theirs;
  EXPECT_EQ(theirs.find(At("ours")), std::string::npos) << theirs;
}

TEST_F(RunTest, IsInterruptedAndKillsTheProgram) {
  EXPECT_EXIT(
      {
        InstallInterruptHandlers();
        try {
          Shell("echo $$ >" + At("pid") + "; kill -INT $PPID; exec sleep 100");
        } catch (const Error& error) {
          const std::string pid = ReadFile(At("pid"));
          const bool gone = ::kill(std::stoi(pid), 0) != 0 && errno == ESRCH;
          ::_exit(gone ? static_cast<int>(error.code()) : 1);
        }
        ::_exit(0);
      },
      ::testing::ExitedWithCode(130), "");
}

using ChildTest = RunTest;

TEST_F(ChildTest, TalksThroughPipes) {
  Child child({"sed", "-u", "s/a/b/"});
  WriteAll(child.to(), AsBytes("aha\n"), "sed");
  std::array<char, 100> answer{};
  const ssize_t size = ::read(child.from(), answer.data(), answer.size());
  EXPECT_EQ(std::string_view(answer.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))),
            "bha\n");
  child.CloseTo();
  EXPECT_EQ(::read(child.from(), answer.data(), answer.size()), 0);
  EXPECT_EQ(child.Wait(), 0);
}

TEST_F(ChildTest, GivesItsExitCode) {
  Child child({"sh", "-c", "exit 9"});
  EXPECT_EQ(child.Wait(), 9);
}

TEST_F(ChildTest, IsKilledWithItsObject) {
  EXPECT_TRUE(IsQuick([] { const Child child({"sleep", "100"}); }));
}

TEST_F(ChildTest, MissingProgramIsENOENT) {
  EXPECT_EQ(tests::ErrorOf([] { Child({"slipway-no-such-program"}); }).error_number(), ENOENT);
}

TEST(LastLinesTest, AreTheLastOnesWithoutEmptyOnesAtTheEnd) {
  EXPECT_EQ(LastLines("", 2), "");
  EXPECT_EQ(LastLines("\n\n", 2), "");
  EXPECT_EQ(LastLines("a", 1), "a");
  EXPECT_EQ(LastLines("a\nb\nc\n\n", 1), "c");
  EXPECT_EQ(LastLines("a\nb\nc\n", 2), "b\nc");
  EXPECT_EQ(LastLines("a\n\nc", 2), "\nc");
  EXPECT_EQ(LastLines("\na", 2), "\na");
  EXPECT_EQ(LastLines("a\nb\nc", 9), "a\nb\nc");
}

}  // namespace
}  // namespace base
