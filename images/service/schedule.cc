#include "images/service/schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace images {
namespace {

constexpr std::array<std::string_view, 9> kWords = {"minutely", "hourly",       "daily",
                                                    "weekly",   "monthly",      "quarterly",
                                                    "yearly",   "semiannually", "annually"};
constexpr std::array<std::string_view, 7> kDays = {"monday", "tuesday",  "wednesday", "thursday",
                                                   "friday", "saturday", "sunday"};

std::string LowerCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// "Mon" and "monday".
bool IsDay(std::string_view word) {
  const std::string lower = LowerCase(word);
  return std::any_of(kDays.begin(), kDays.end(), [&](std::string_view day) {
    return lower == day || lower == day.substr(0, 3);
  });
}

bool IsDays(std::string_view word) {
  while (!word.empty()) {
    const size_t end = std::min(word.find_first_of(",.-"), word.size());
    if (!IsDay(word.substr(0, end))) {
      return false;
    }
    word.remove_prefix(std::min(word.find_first_not_of(",.-", end), word.size()));
  }
  return true;
}

bool IsDateOrTime(std::string_view word) {
  constexpr std::string_view kAllowed = "0123456789*-:,./~";
  return word.find_first_not_of(kAllowed) == std::string_view::npos &&
         word.find_first_of("-:") != std::string_view::npos;
}

// "UTC", "Europe/Berlin"; whether there is such a zone only the host knows.
bool IsZone(std::string_view word) {
  return std::isupper(static_cast<unsigned char>(word.front())) != 0 &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '/' || c == '_' || c == '-' || c == '+';
         });
}

}  // namespace

std::string ScheduleProblem(const std::string& text) {
  bool has_time = false;
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool is_first = word.data() == text.data();
    const bool is_zone = has_time && rest.empty() && !word.empty() && IsZone(word);
    const bool is_word =
        is_first && std::find(kWords.begin(), kWords.end(), LowerCase(word)) != kWords.end();
    if (word.empty() || !(is_word || is_zone || (is_first && IsDays(word)) || IsDateOrTime(word))) {
      return fmt::format(
          "'{}' in '{}' means nothing to systemd: use one of {}, or a calendar "
          "expression (\"Mon..Fri 03:30\", \"*-*-01 00:00 UTC\")",
          word, text, fmt::join(kWords, ", "));
    }
    has_time = true;
  }
  return has_time ? "" : "it is empty: say when, for example \"daily\"";
}

}  // namespace images
