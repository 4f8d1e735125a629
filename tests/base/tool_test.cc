#include "base/tool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <new>
#include <stdexcept>

#include "base/error.h"

// A tool installs signal handlers and writes to the process's descriptors: a process of its own
// each.
namespace base {
namespace {

using ::testing::ExitedWithCode;

int RunWith(const ToolFunction& function) {
  std::string name = "tool";
  std::string first = "-a";
  std::string second = "b c";
  char* argv[] = {name.data(), first.data(), second.data(), nullptr};
  return RunTool("tool", 3, argv, function);
}

ToolFunction Throwing(ExitCode code, const std::string& message) {
  return [=](const auto&, const Io&) -> int { throw Error(code, message); };
}

TEST(Tool, GetsItsArgumentsAndGivesItsExitCode) {
  EXPECT_EXIT(::_exit(RunWith([](const std::vector<std::string>& arguments, const Io&) {
                return arguments == std::vector<std::string>{"-a", "b c"} ? 40 : 1;
              })),
              ExitedWithCode(40), "^$");
}

TEST(Tool, SaysAnErrorInOneLineAndEndsWithItsCode) {
  EXPECT_EXIT(::_exit(RunWith(Throwing(ExitCode::kBusy, "the host is in use"))), ExitedWithCode(5),
              "^tool: error: the host is in use\n$");
  EXPECT_EXIT(::_exit(RunWith(Throwing(ExitCode::kInterrupted, "interrupted"))),
              ExitedWithCode(130), "^tool: error: interrupted\n$");
}

TEST(Tool, SaysTheDetailOfAnErrorBelowIt) {
  EXPECT_EXIT(::_exit(RunWith([](const auto&, const Io&) -> int {
                throw Error(ExitCode::kFailed, "web failed",
                            Error::Detail{"its log ends:",
                                          "  a\xc2\x9b"
                                          "b"});
              })),
              ExitedWithCode(1), "^tool: error: web failed\n  its log ends:\n    a  b\n$");
}

TEST(Tool, ErrorsDoNotDriveTheTerminal) {
  EXPECT_EXIT(::_exit(RunWith(Throwing(ExitCode::kFailed,
                                       "\xc2\x9b"
                                       "[2Jgr\xc3\xb6\xc3\x9f\x7f"
                                       "er\r!"))),
              ExitedWithCode(1), "^tool: error:   \\[2Jgr\xc3\xb6\xc3\x9f er !\n$");
}

TEST(Tool, SaysWhatItDidNotExpect) {
  EXPECT_EXIT(::_exit(RunWith([](const auto&, const Io&) -> int { throw std::bad_alloc(); })),
              ExitedWithCode(1), "^tool: error: out of memory\n$");
  EXPECT_EXIT(
      ::_exit(RunWith([](const auto&, const Io&) -> int { throw std::runtime_error("odd"); })),
      ExitedWithCode(1), "^tool: error: odd \\(this is a bug of tool; please report it\\)\n$");
}

TEST(Tool, WithoutEvenItsNameHasNoArguments) {
  char* argv[] = {nullptr};
  EXPECT_EXIT(::_exit(RunTool("tool", 0, argv,
                              [](const std::vector<std::string>& arguments, const Io&) {
                                return arguments.empty() ? 0 : 1;
                              })),
              ExitedWithCode(0), "");
}

}  // namespace
}  // namespace base
