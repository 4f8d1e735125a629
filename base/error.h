// The one exception class of the project and the documented exit codes (docs/errors.md).
//
// An Error is thrown where something fails, gets context added by callers that know more (what was
// being done, for whom), and is rendered once, by base/tool.h. Its message is for everybody and may
// be recorded; its detail is for whoever runs the command, and is never recorded.
#ifndef SLIPWAY_BASE_ERROR_H_
#define SLIPWAY_BASE_ERROR_H_

#include <fmt/format.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

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
  // Further lines for whoever runs the command: what was done about it, what a service logged.
  using Detail = std::vector<std::string>;

  Error(ExitCode code, std::string message, int error_number = 0);
  Error(ExitCode code, std::string message, Detail detail);

  ExitCode code() const { return code_; }
  // The errno of the system call that failed; 0 where none did.
  int error_number() const { return error_number_; }
  // "context: message: reason", one line.
  const char* what() const noexcept override { return rendered_.c_str(); }

  // May be secret: none of it goes into a record, a log or another error's message.
  const Detail& detail() const { return detail_; }
  void AddDetail(const Detail& lines);

  // Puts `context` before what is there: the outermost caller's comes first.
  void AddContext(const std::string& context);

 private:
  ExitCode code_;
  int error_number_;
  std::string rendered_;
  Detail detail_;
};

// Of an Error; of another exception: none.
Error::Detail DetailOf(const std::exception& error);
// As it follows the message on a terminal: "  LINE\n" each.
std::string DetailText(const Error::Detail& detail);

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
