#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace base {

Error::Error(ExitCode code, std::string message, int error_number)
    : code_(code), error_number_(error_number), rendered_(std::move(message)) {
  if (error_number_ != 0) {
    rendered_ += ": " + std::generic_category().message(error_number_);
    if (error_number_ == EFBIG) {
      rendered_ += " (a limit on the size of files, as ulimit -f shows, or of the file system)";
    }
  }
}

void Error::AddContext(const std::string& context) { rendered_ = context + ": " + rendered_; }

bool IsDiskFull(const Error& error) {
  return error.error_number() == ENOSPC || error.error_number() == EDQUOT;
}

}  // namespace base
