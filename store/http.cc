#include "store/http.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace store {
namespace {

constexpr size_t kMaxCodeBytes = 64;

}  // namespace

std::string CodeOf(const Answer& answer) {
  constexpr std::string_view kTag = "<Code>";
  const size_t start = answer.body.find(kTag);
  if (start == std::string::npos) {
    return "";
  }
  const size_t from = start + kTag.size();
  const size_t end = answer.body.find('<', from);
  const std::string code = answer.body.substr(from, end == std::string::npos ? 0 : end - from);
  const bool is_word = std::all_of(code.begin(), code.end(),
                                   [](unsigned char c) { return c < 128 && std::isalnum(c) != 0; });
  return is_word && code.size() <= kMaxCodeBytes ? code : "";
}

std::string Describe(const Answer& answer) {
  if (answer.failure != Failure::kNone) {
    return answer.reason;
  }
  const std::string code = CodeOf(answer);
  return fmt::format("it answers {}{}", answer.status, code.empty() ? "" : " (" + code + ")");
}

}  // namespace store
