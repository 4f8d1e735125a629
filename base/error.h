// The one exception class of the project and the documented exit codes (docs/errors.md).
//
// The failing function throws an Error, callers that know more (the task, the host) add context,
// and base/tool.h renders it once.
#ifndef SLIPWAY_BASE_ERROR_H_
#define SLIPWAY_BASE_ERROR_H_

#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>

namespace base {

// The value is the exit code of the command that ends with it.
enum class ExitCode {
  kFailed = 1,          // failed, nothing changed
  kUsage = 2,           // the command line or a definition is wrong
  kRolledBack = 3,      // activation failed, rolled back, service as before
  kNeedsAttention = 4,  // activation failed or its outcome is unknown
  kBusy = 5,            // somebody else holds the lock
  kVerification = 6,    // what was read is not what it should be
  kUnreachable = 7,     // host not reachable, or transport lost before anything changed
  kStale = 8,           // the plan is stale
  kInterrupted = 130,   // interrupted by the user
};

class Error : public std::exception {
 public:
  Error(ExitCode code, std::string message, int error_number = 0);

  ExitCode code() const { return code_; }
  // The errno of the system call that failed; 0 where none did.
  int error_number() const { return error_number_; }
  // "context: message: reason", one line.
  const char* what() const noexcept override { return rendered_.c_str(); }

  // Puts `context` before what is there: the outermost caller's comes first.
  void AddContext(const std::string& context);

 private:
  ExitCode code_;
  int error_number_;
  std::string rendered_;
};

template <typename... Args>
[[noreturn]] void Fail(ExitCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
[[noreturn]] void FailErrno(int error_number, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ExitCode::kFailed, fmt::format(format, std::forward<Args>(args)...), error_number);
}

// True where the error says that the disk or a quota is full.
bool IsDiskFull(const Error& error);

}  // namespace base

#endif  // SLIPWAY_BASE_ERROR_H_
