#include "tests/support/run.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

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

// Seconds that a call took, and what it threw.
struct Timed {
  double seconds = 0;
  std::string error;
};

Timed RunAndTime(const std::vector<std::string>& argv, const RunOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  Timed timed;
  try {
    RunCommand(argv, options);
  } catch (const std::runtime_error& error) {
    timed.error = error.what();
  }
  timed.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return timed;
}

TEST(RunCommand, KillsTheWholeGroupAtTheTimeout) {
  RunOptions options;
  options.timeout = std::chrono::milliseconds(200);
  const Timed timed = RunAndTime({"sh", "-c", "echo before; sleep 60; echo after"}, options);
  EXPECT_NE(timed.error.find("timeout"), std::string::npos) << timed.error;
  EXPECT_NE(timed.error.find("before"), std::string::npos) << timed.error;
  EXPECT_LT(timed.seconds, 10);
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
