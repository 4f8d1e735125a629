// Runs other programs: one to its end, keeping its output, or one to talk to through pipes. Never
// involves a shell.
#ifndef SLIPWAY_BASE_PROCESS_H_
#define SLIPWAY_BASE_PROCESS_H_

#include <sys/types.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace base {

// Both ends close on exec.
struct Pipe {
  UniqueFd read;
  UniqueFd write;
  Pipe();
};

// What execve(2) takes: valid as long as `strings`.
std::vector<char*> PointersTo(const std::vector<std::string>& strings);

struct ProcessResult {
  int exit_code = 0;  // as a shell gives it: 128 + N where signal N ended it
  std::string out;
  std::string err;
  bool timed_out = false;  // it was killed (exit_code 137); what it started may still run
  bool ok() const { return exit_code == 0; }
};

struct ProcessOptions {
  std::vector<std::pair<std::string, std::string>> environment;  // added to ours
  std::optional<std::chrono::milliseconds> timeout;
  std::string input;
  // What the log calls it; empty: the program's name. Arguments may be secret, so only who knows
  // that they are not names them.
  std::string log_name;
};

// Throws where the program cannot be started (error_number() is ENOENT where it is not installed)
// and when we are interrupted, the program then being killed. Whoever gives input ignores SIGPIPE
// (InstallInterruptHandlers does): a program need not read all of it.
ProcessResult Run(const std::vector<std::string>& argv, const ProcessOptions& options = {});

// Starts a program, with these as its standard descriptors (-1: ours), and SIGPIPE as it is by
// default. Whoever starts it waits for it.
pid_t Spawn(const std::vector<std::string>& argv, const std::array<int, 3>& standard);

// The last `count` (at least one) lines of a program's error output, for a message about its
// failure. Empty lines at the end do not count.
std::string LastLines(const std::string& text, size_t count);

// What a Child's standard error is.
enum class ChildError { kOurs, kPiped };

// A program that we talk to through its standard input and output. Destroying it kills it where it
// still runs.
class Child {
 public:
  explicit Child(const std::vector<std::string>& argv, ChildError error = ChildError::kOurs);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  int to() const { return to_.get(); }
  int from() const { return from_.get(); }
  int error() const { return error_.get(); }  // to be drained; -1 unless kPiped
  // A descriptor that is readable once the program has ended. What it left running may hold its
  // pipes open for longer.
  UniqueFd Ended() const;
  void CloseTo() { to_.Reset(); }
  // Closes both pipes and waits; returns the exit code as a shell gives it.
  int Wait();
  // The same, but nullopt where the program still runs after `limit`.
  std::optional<int> WaitFor(std::chrono::milliseconds limit);

 private:
  const std::string name_;  // for the log
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  pid_t pid_ = -1;
  UniqueFd to_;
  UniqueFd from_;
  UniqueFd error_;
};

}  // namespace base

#endif  // SLIPWAY_BASE_PROCESS_H_
