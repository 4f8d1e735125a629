// Collects what independent checks find, so that one run tells all of it. Belongs to one thread.
#ifndef SLIPWAY_BASE_PROBLEMS_H_
#define SLIPWAY_BASE_PROBLEMS_H_

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace base {

// "3 problems", each a line of the detail. Unlike other details they are messages, which may be
// recorded.
class SeveralErrors : public Error {
 public:
  // At least two; the code is that of the first.
  explicit SeveralErrors(std::vector<Error> all);
  const std::vector<Error>& all() const { return all_; }

 private:
  std::vector<Error> all_;
};

class Problems {
 public:
  // Makes a check; true: it found nothing. The Error that it throws is kept, with `context` before
  // it; of several, each; what was found already is not kept twice. One that interrupts is passed
  // on.
  template <typename Check>
  bool Try(const std::string& context, Check check) {
    try {
      check();
      return true;
    } catch (const Error& error) {
      Keep(context, error);
      return false;
    }
  }
  template <typename Check>
  bool Try(Check check) {
    return Try("", check);
  }

  template <typename... Args>
  void Add(ExitCode code, fmt::format_string<Args...> format, Args&&... args) {
    Keep("", Error(code, fmt::format(format, std::forward<Args>(args)...)));
  }

  bool IsEmpty() const { return all_.empty(); }
  const std::vector<Error>& all() const { return all_; }
  std::vector<std::string> Messages() const;
  // Throws what was kept: one as it is, several as SeveralErrors.
  void ThrowIfAny() const;

 private:
  void Keep(const std::string& context, const Error& error);

  std::vector<Error> all_;
};

// The message of the error, in one line; of several, all of theirs.
std::string WholeMessage(const Error& error);

}  // namespace base

#endif  // SLIPWAY_BASE_PROBLEMS_H_
