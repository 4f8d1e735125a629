#include "activator/os/unit_log.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <sstream>
#include <string_view>
#include <utility>

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

// In microseconds.
int64_t TimeOf(const Json& entry, const char* field) {
  int64_t out = 0;
  const std::string text = TextOf(entry, field);
  std::from_chars(text.data(), text.data() + text.size(), out);
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

template <typename Take>
void ForEachEntry(const std::string& entries, const Take& take) {
  std::istringstream lines(entries);
  for (std::string line; std::getline(lines, line);) {
    if (const Json entry = Json::parse(line, nullptr, false); entry.is_object()) {
      take(entry);
    }
  }
}

// " (ConditionPathExists=/srv/x)", which systemd quotes, until 252 in brackets; empty where it
// quotes none.
std::string ConditionIn(const std::string& message) {
  const size_t begin = message.find(" Condition") + 1;  // npos + 1 is 0
  const size_t in_brackets = message.find("(Condition") + 1;
  if (begin == 0 && in_brackets == 0) {
    return "";
  }
  const std::string quoted = in_brackets > 0
                                 ? message.substr(in_brackets, message.rfind(')') - in_brackets)
                                 : message.substr(begin);
  return " (" + quoted.substr(0, kMaxLineBytes) + ")";
}

// What systemd's own entry tells of a unit that does not run; empty: nothing.
std::string WhyDown(const Json& entry) {
  const std::string result = TextOf(entry, "JOB_RESULT");
  const std::string message = TextOf(entry, "MESSAGE");
  if (TextOf(entry, "MESSAGE_ID") == kEndedWell) {
    return "it ended at once, with success";
  }
  if (TextOf(entry, "UNIT_RESULT") == "exec-condition") {
    return "its ExecCondition= says that it is not to run";
  }
  if (result == "assert") {
    return "an assertion (Assert...=) of its unit is not met";
  }
  if (result == "dependency") {
    return "a unit that it requires did not start";
  }
  const size_t skipped = std::min(message.find(" was skipped because "),
                                  std::min(message.find(" skipped, unmet condition"),
                                           message.find(" skipped, no trigger condition")));
  return skipped == std::string::npos
             ? ""
             : "a condition of its unit is not met" + ConditionIn(message.substr(skipped));
}

}  // namespace

std::optional<std::vector<std::chrono::microseconds>> ParseBadEnds(const std::string& entries) {
  std::optional<std::vector<std::chrono::microseconds>> out;
  ForEachEntry(entries, [&](const Json& entry) {
    out = out ? std::move(out) : std::vector<std::chrono::microseconds>();
    if (TextOf(entry, "MESSAGE_ID") == kEndedBadly) {
      out->emplace_back(TimeOf(entry, "__MONOTONIC_TIMESTAMP"));
    }
  });
  return out;
}

std::optional<RunEnd> ParseLastEnd(const std::string& entries) {
  std::optional<RunEnd> out;
  RunEnd now;
  ForEachEntry(entries, [&](const Json& entry) {
    const std::string message = TextOf(entry, "MESSAGE_ID");
    if (message == kProcessEnded) {
      now.exit_status = NumberOf(TextOf(entry, "EXIT_STATUS"), 0);
    } else if (message == kEndedWell || message == kEndedBadly) {
      now.is_good = message == kEndedWell;
      now.result = TextOf(entry, "UNIT_RESULT");
      now.when = std::chrono::system_clock::time_point(
          std::chrono::microseconds(TimeOf(entry, "__REALTIME_TIMESTAMP")));
      out = std::exchange(now, {});
    }
  });
  return out;
}

UnitLog ParseUnitLog(const std::string& entries) {
  UnitLog out;
  std::vector<Line> own;
  std::vector<Line> of_systemd;
  ForEachEntry(entries, [&](const Json& entry) {
    const int priority = NumberOf(TextOf(entry, "PRIORITY"), kNoticePriority);
    if (TextOf(entry, "_PID") != "1") {
      AddLines(TextOf(entry, "MESSAGE"), priority <= kErrorPriority, own);
      return;
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
    if (std::string why = WhyDown(entry); !why.empty()) {
      out.why_down = std::move(why);
      out.ended_well = TextOf(entry, "MESSAGE_ID") == kEndedWell;
    }
  });
  out.lines = Last(own.empty() ? of_systemd : own);
  return out;
}

}  // namespace activator
