#include "base/problems.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace base {
namespace {

Error::Detail LinesOf(const std::vector<Error>& errors) {
  Error::Detail out;
  for (const Error& error : errors) {
    out.emplace_back(error.what());
    for (const std::string& line : error.detail()) {
      out.push_back("  " + line);
    }
  }
  return out;
}

}  // namespace

SeveralErrors::SeveralErrors(std::vector<Error> all)
    : Error(all.front().code(), fmt::format("{} problems", all.size()), LinesOf(all)),
      all_(std::move(all)) {}

void Problems::Keep(const std::string& context, const Error& error) {
  if (error.code() == ExitCode::kInterrupted) {
    throw Error(error);
  }
  const auto* several = dynamic_cast<const SeveralErrors*>(&error);
  for (Error one : several != nullptr ? several->all() : std::vector<Error>{error}) {
    if (!context.empty()) {
      one.AddContext(context);
    }
    const bool is_known = std::any_of(all_.begin(), all_.end(), [&](const Error& other) {
      return std::string_view(other.what()) == one.what();
    });
    if (!is_known) {
      all_.push_back(std::move(one));
    }
  }
}

std::vector<std::string> Problems::Messages() const {
  std::vector<std::string> out;
  for (const Error& error : all_) {
    out.emplace_back(error.what());
  }
  return out;
}

void Problems::ThrowIfAny() const {
  if (all_.size() == 1) {
    throw Error(all_.front());
  }
  if (!all_.empty()) {
    throw SeveralErrors(all_);
  }
}

std::string WholeMessage(const Error& error) {
  std::string out = error.what();
  const auto* several = dynamic_cast<const SeveralErrors*>(&error);
  if (several == nullptr) {
    return out;
  }
  for (size_t i = 0; i < several->all().size(); ++i) {
    out += (i == 0 ? ": " : "; ") + std::string(several->all()[i].what());
  }
  return out;
}

}  // namespace base
