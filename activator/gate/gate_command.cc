#include "activator/gate/gate_command.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/json_fields.h"
#include "base/printable.h"
#include "images/name.h"
#include "pusher/protocol/gate_words.h"

namespace activator {
namespace {

constexpr size_t kMaxCommandBytes = 1024;
constexpr size_t kMaxIdBytes = 64;
constexpr uint64_t kMaxSeconds = 3600;

// Takes the words of one line, each once and with one space before it.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  bool AtEnd() const { return !has_more_; }
  // Empty where there is none.
  std::string_view Next() {
    const size_t end = rest_.find(' ');
    const std::string_view out = rest_.substr(0, end);
    has_more_ = has_more_ && end != std::string_view::npos;
    rest_ = has_more_ ? rest_.substr(end + 1) : std::string_view();
    return out;
  }
  std::string_view Rest() {
    has_more_ = false;
    return rest_;
  }

 private:
  std::string_view rest_;
  bool has_more_ = true;
};

[[noreturn]] void Refuse(const std::string& text) {
  base::Fail(base::ExitCode::kUsage, "a gate does not take '{}'", base::Printable(text, 100));
}

// Digits alone, the first of them not 0.
std::optional<uint64_t> NumberOf(std::string_view text, bool may_be_zero = false) {
  uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  const bool has_one_form = is_whole && (text.front() != '0' || (may_be_zero && text == "0"));
  return has_one_form && out <= base::kAnyNumber ? std::optional(out) : std::nullopt;
}

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdBytes &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0; });
}

// False: it is not what it should be.
bool TakeSwitch(Words& words, GateCommand& out) {
  const std::string_view what = words.Next();
  if (out.task == GateTask::kRollback) {
    out.application = what;
  } else {
    out.generation = NumberOf(what).value_or(0);
  }
  out.activation_id = words.Next();
  bool is_right =
      IsId(out.activation_id) &&
      (out.task == GateTask::kRollback ? images::IsName(out.application) : out.generation > 0);
  if (!words.AtEnd()) {
    out.lock_wait_seconds = NumberOf(words.Next(), true);
    is_right = is_right && out.lock_wait_seconds && *out.lock_wait_seconds <= kMaxSeconds;
  }
  return is_right && words.AtEnd();
}

bool TakeReport(Words& words, GateCommand& out) {
  const base::Json json = base::Json::parse(words.Rest(), nullptr, false);
  if (!json.is_array() || json.empty() || json.size() > 3) {
    return false;
  }
  for (const base::Json& word : json) {
    if (!word.is_string()) {
      return false;
    }
    out.report.push_back(word.get<std::string>());
  }
  std::set<std::string> options = {"--json"};
  if (out.report.front() == "status") {
    options.insert("--check");
  } else if (out.report.front() != "list") {
    return false;
  }
  return std::all_of(out.report.begin() + 1, out.report.end(),
                     [&](const std::string& option) { return options.erase(option) == 1; });
}

}  // namespace

GateCommand ParseGateCommand(const std::string& text) {
  const bool is_plain =
      text.size() <= kMaxCommandBytes &&
      std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  if (!is_plain) {
    Refuse(text);
  }
  Words words(text);
  GateCommand out;
  const bool is_ours = words.Next() == pusher::kGateWord;
  const std::optional<uint64_t> protocol = NumberOf(words.Next());
  const std::string_view task = words.Next();
  out.protocol = protocol.value_or(0);
  bool is_right = false;
  if (task == pusher::kGateReceive) {
    is_right = words.AtEnd();
  } else if (task == pusher::kGateActivate) {
    out.task = GateTask::kActivate;
    is_right = TakeSwitch(words, out);
  } else if (task == pusher::kGateRollback) {
    out.task = GateTask::kRollback;
    is_right = TakeSwitch(words, out);
  } else if (task == pusher::kGateReport) {
    out.task = GateTask::kReport;
    is_right = TakeReport(words, out);
  }
  if (!is_ours || !protocol || !is_right) {
    Refuse(text);
  }
  return out;
}

}  // namespace activator
