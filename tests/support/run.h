// Runs a program for a test and returns what it did. Independent of the product's own process
// code, which it helps to test. Any thread may call it.
#ifndef TESTS_SUPPORT_RUN_H_
#define TESTS_SUPPORT_RUN_H_

#include <chrono>
#include <string>
#include <vector>

namespace tests {

struct RunOptions {
  std::string input{};             // the program's stdin
  std::vector<std::string> env{};  // "NAME=VALUE", on top of this process's environment
  std::string cwd{};               // empty: this process's
  std::chrono::milliseconds timeout{std::chrono::seconds(60)};
};

struct RunResult {
  int exit_code = 0;  // 128 + N when signal N ended it
  std::string out;
  std::string err;
};

// argv[0] is looked for in PATH. Throws std::runtime_error, with the output so far in its message,
// when the program cannot be started (exit code 127 when it cannot be executed) or is still
// running at the timeout; it and its process group are killed then.
RunResult RunCommand(const std::vector<std::string>& argv, const RunOptions& options = {});

// Like RunCommand(); also throws when the exit code is not 0. Returns stdout.
std::string MustRun(const std::vector<std::string>& argv, const RunOptions& options = {});

// "`argv` ended with N\nOUT\nERR", for messages.
std::string Describe(const std::vector<std::string>& argv, const RunResult& result);

}  // namespace tests

#endif  // TESTS_SUPPORT_RUN_H_
