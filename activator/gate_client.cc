#include "activator/gate_client.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/printable.h"
#include "pusher/protocol/failure_line.h"
#include "pusher/protocol/gate_words.h"

namespace activator {
namespace {

constexpr size_t kMaxLineBytes = 64 << 10;

bool HasNoOtherOption(const CommandLine& line) {
  return !line.adopt && !line.dry_run && line.timeout_seconds == 0 && !line.root_given &&
         !line.confirm_within_seconds;
}

std::string SwitchTask(const CommandLine& line, const std::string& id) {
  const std::string wait =
      line.lock_wait_seconds ? fmt::format(" {}", *line.lock_wait_seconds) : "";
  return line.target->kind == TargetKind::kNumber
             ? fmt::format("{} {} {}{}", pusher::kGateActivate, line.target->number, id, wait)
             : fmt::format("{} {} {}{}", pusher::kGateRollback, line.target->name, id, wait);
}

std::string ReportTask(const CommandLine& line) {
  std::string out = fmt::format("{} [\"{}\"", pusher::kGateReport,
                                line.command == Command::kStatus ? "status" : "list");
  out += line.check ? ",\"--check\"" : "";
  out += line.json ? ",\"--json\"" : "";
  return out + "]";
}

}  // namespace

std::string GateCommandFor(const CommandLine& line, const std::string& activation_id) {
  const bool is_report = line.command == Command::kStatus || line.command == Command::kList;
  const bool is_switch =
      line.command == Command::kActivate && !line.json &&
      (line.target->kind == TargetKind::kNumber ||
       (line.target->kind == TargetKind::kRollback && !line.target->name.empty()));
  if ((!is_report && !is_switch) || !HasNoOtherOption(line)) {
    base::Fail(base::ExitCode::kUsage,
               "a gate takes status, list, --generation N and --rollback NAME alone, with --json, "
               "--check and --lock-wait");
  }
  return pusher::GateCommandLine(is_report ? ReportTask(line) : SwitchTask(line, activation_id));
}

void GateLines::Add(std::string_view piece) {
  for (size_t end = 0; (end = piece.find('\n')) != std::string_view::npos;) {
    Take(std::exchange(rest_, "").append(piece.substr(0, end)));
    piece.remove_prefix(end + 1);
  }
  rest_ += piece.substr(0, kMaxLineBytes - std::min(kMaxLineBytes, rest_.size()));
}

void GateLines::End() {
  if (const std::string line = std::exchange(rest_, ""); !line.empty()) {
    Take(line);
  }
}

void GateLines::Take(const std::string& line) const {
  if (line.starts_with(pusher::kFailureWord)) {
    const base::Error error = pusher::ParseFailure(
        std::string_view(line).substr(pusher::kFailureWord.size()), base::ExitCode::kFailed);
    say_(fmt::format("activate: error: {}", error.what()));
    for (const std::string& detail : error.detail()) {
      say_("  " + detail);
    }
  } else if (!line.empty() && !line.starts_with(pusher::kOurWord)) {
    say_(base::Printable(line));
  }
}

}  // namespace activator
