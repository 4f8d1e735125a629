#include "tests/support/run.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace tests {
namespace {

TEST(RunCommand, SeparatesOutputsAndKeepsTheExitCode) {
  const RunResult result = RunCommand({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

TEST(RunCommand, FeedsMoreInputThanAPipeHolds) {
  RunOptions options;
  options.input.assign(1 << 20, 'x');
  EXPECT_EQ(MustRun({"cat"}, options), options.input);
}

TEST(RunCommand, ToleratesAProgramThatDoesNotReadItsInput) {
  RunOptions options;
  options.input.assign(1 << 20, 'x');
  EXPECT_EQ(RunCommand({"true"}, options).exit_code, 0);
}

TEST(RunCommand, SetsEnvironmentAndFolder) {
  RunOptions options;
  options.env = {"SLIPWAY_RUN_TEST=value", "HOME=/elsewhere"};
  options.cwd = "/usr";
  EXPECT_EQ(MustRun({"sh", "-c", "echo $SLIPWAY_RUN_TEST $HOME; pwd"}, options),
            "value /elsewhere\n/usr\n");
}

TEST(RunCommand, ReportsSignalsAndMissingPrograms) {
  EXPECT_EQ(RunCommand({"sh", "-c", "kill -TERM $$"}).exit_code, 128 + 15);
  EXPECT_EQ(RunCommand({"no-such-program-of-slipway"}).exit_code, 127);
}

TEST(RunCommand, KillsTheWholeGroupAtTheTimeout) {
  RunOptions options;
  options.timeout = std::chrono::milliseconds(200);
  const auto start = std::chrono::steady_clock::now();
  try {
    RunCommand({"sh", "-c", "echo before; sleep 60; echo after"}, options);
    FAIL() << "no timeout";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("before"), std::string::npos) << error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(MustRun, ThrowsWithTheOutput) {
  try {
    MustRun({"sh", "-c", "echo why >&2; exit 1"});
    FAIL() << "no exception";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("why"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace tests
