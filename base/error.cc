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

Error::Error(ExitCode code, std::string message, Detail detail) : Error(code, std::move(message)) {
  detail_ = std::move(detail);
}

void Error::AddDetail(const Detail& lines) {
  detail_.insert(detail_.end(), lines.begin(), lines.end());
}

void Error::AddContext(const std::string& context) { rendered_ = context + ": " + rendered_; }

Error::Detail DetailOf(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  return known == nullptr ? Error::Detail() : known->detail();
}

std::string DetailText(const Error::Detail& detail) {
  std::string out;
  for (const std::string& line : detail) {
    out += "  " + line + "\n";
  }
  return out;
}

bool IsDiskFull(const Error& error) {
  return error.error_number() == ENOSPC || error.error_number() == EDQUOT;
}

}  // namespace base
