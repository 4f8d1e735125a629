// imgbuild as somebody sees it who sits at a terminal: the program itself, on a pseudo-terminal.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/atomic_file.h"
#include "base/file.h"
#include "tests/builder/on_terminal.h"
#include "tests/builder/sample_trees.h"
#include "tests/support/run.h"

namespace builder {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kErased = "\r\033[K";

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() {
    base::MakeDirectories(root_ + "/bin");
    std::mt19937_64 random(1);
    for (int i = 0; i < 10; ++i) {  // each is compressed by itself
      base::WriteFileAtomically(fmt::format("{}/bin/app{}", root_, i),
                                tests::RandomText(random, 400000), 0755);
    }
  }

  // Slow enough to show something.
  std::vector<std::string> Command() const {
    return {SLIPWAY_IMGBUILD, "--name", "app",     "--exec", "/bin/app0", "--root", root_,
            "--output",       output_,  "--level", "19",     "--threads", "1",      "--no-cache"};
  }

  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-terminal-"};
  const std::string root_ = folder_.path() + "/root";
  const std::string output_ = folder_.path() + "/output";
};

TEST_F(TerminalTest, ABuildShowsHowFarItIsAndLeavesItsResultAlone) {
  tests::OnTerminal build(Command());
  const std::string shown = build.ReadAll();
  EXPECT_EQ(build.ExitCode(), 0) << shown;
  EXPECT_THAT(shown, HasSubstr(std::string(kErased) + "compressing "));
  EXPECT_THAT(shown, HasSubstr(" of 4.0 MB ("));
  EXPECT_THAT(shown, ContainsRegex("\\), [0-9]+ of [0-9]+ files, [0-9.]+ .B/s, [0-9]+ s left"));
  const size_t message = shown.find("app: 4.0 MB of ");
  ASSERT_NE(message, std::string::npos) << shown;
  EXPECT_THAT(shown.substr(0, message), EndsWith(kErased));
  EXPECT_THAT(shown.substr(message), Not(HasSubstr("\033")));
}

TEST_F(TerminalTest, AnInterruptedBuildTakesItsLineAway) {
  tests::OnTerminal build(Command());
  build.ReadUntil("compressing ");
  ASSERT_NO_FATAL_FAILURE(build.Press('\x03'));  // Ctrl-C
  const std::string shown = build.ReadAll();
  EXPECT_EQ(build.ExitCode(), 130) << shown;
  const size_t message = shown.find("interrupted");
  ASSERT_NE(message, std::string::npos) << shown;
  EXPECT_THAT(shown.substr(0, message), HasSubstr(kErased));
  EXPECT_EQ(shown.find("compressing", shown.rfind(kErased)), std::string::npos) << shown;
  EXPECT_TRUE(base::ListDirectory(output_ + "/app").empty());
}

TEST_F(TerminalTest, APipeGetsWordsAlone) {
  const tests::RunResult built = tests::RunCommand(Command());
  EXPECT_EQ(built.exit_code, 0) << built.err;
  EXPECT_THAT(built.err, testing::StartsWith("app: 4.0 MB of "));
  EXPECT_THAT(built.err + built.out, Not(HasSubstr("\033")));
  EXPECT_THAT(built.err + built.out, Not(HasSubstr("\r")));
}

}  // namespace
}  // namespace builder
