#include "activator/os/unit_log.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "base/json_fields.h"

namespace activator {
namespace {

using base::Json;

constexpr size_t kMostLines = 5;
constexpr size_t kMaxLineBytes = 300;
constexpr int kErrorPriority = 3;  // syslog's
constexpr int kNoticePriority = 5;
constexpr std::array<std::string_view, 5> kErrorWords = {"error", "fatal", "panic", "exception",
                                                         "failed"};

struct Line {
  std::string text;
  bool is_error = false;
};

int NumberOf(const std::string& text, int otherwise) {
  std::from_chars(text.data(), text.data() + text.size(), otherwise);
  return otherwise;
}

// A field that is not text is an array of its bytes, one that is too long is null.
std::string TextOf(const Json& entry, const char* field) {
  const auto found = entry.find(field);
  if (found == entry.end()) {
    return "";
  }
  if (found->is_string()) {
    return found->get<std::string>();
  }
  std::string out;
  if (found->is_array()) {
    for (const Json& byte : *found) {
      out += byte.is_number_unsigned() ? static_cast<char>(byte.get<uint8_t>()) : '?';
    }
  }
  return out;
}

bool HasErrorWord(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return std::any_of(kErrorWords.begin(), kErrorWords.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

// A message of several lines is as many, a very long line is cut.
void AddLines(const std::string& message, bool is_error, std::vector<Line>& to) {
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty()) {
      continue;
    }
    line.resize(std::min(line.size(), kMaxLineBytes));
    std::erase_if(to, [&](const Line& other) { return other.text == line; });
    to.push_back({line, is_error || HasErrorWord(line)});
  }
}

// The last lines, and before them the last error where it is none of them.
std::vector<std::string> Last(const std::vector<Line>& lines) {
  const size_t first = lines.size() - std::min(lines.size(), kMostLines);
  std::vector<std::string> out;
  for (size_t i = first; i < lines.size(); ++i) {
    out.push_back(lines[i].text);
  }
  const auto error =
      std::find_if(lines.rbegin(), lines.rend(), [](const Line& line) { return line.is_error; });
  if (error != lines.rend() && lines.rend() - error <= static_cast<ptrdiff_t>(first)) {
    out.front() = error->text;
  }
  return out;
}

}  // namespace

UnitLog ParseUnitLog(const std::string& entries) {
  UnitLog out;
  std::vector<Line> own;
  std::vector<Line> of_systemd;
  std::istringstream lines(entries);
  for (std::string line; std::getline(lines, line);) {
    const Json entry = Json::parse(line, nullptr, false);
    if (!entry.is_object()) {
      continue;
    }
    const int priority = NumberOf(TextOf(entry, "PRIORITY"), kNoticePriority);
    if (TextOf(entry, "_PID") != "1") {
      AddLines(TextOf(entry, "MESSAGE"), priority <= kErrorPriority, own);
      continue;
    }
    if (priority < kNoticePriority) {
      AddLines(TextOf(entry, "MESSAGE"), priority <= kErrorPriority, of_systemd);
    }
    if (const std::string result = TextOf(entry, "UNIT_RESULT"); !result.empty()) {
      out.result = result;
    }
    if (const std::string status = TextOf(entry, "EXIT_STATUS"); !status.empty()) {
      out.exit_status = NumberOf(status, 0);
    }
  }
  out.lines = Last(own.empty() ? of_systemd : own);
  return out;
}

}  // namespace activator
