#include "pusher/report.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/json_fields.h"
#include "base/progress.h"
#include "hosts/worst_code.h"
#include "pusher/plan_json.h"
#include "pusher/ssh/bootstrap.h"
#include "pusher/ssh/remote.h"

namespace pusher {
namespace {

// The command line that we were given, for these hosts.
std::string SameCommand(const std::string& hosts, const Arguments& arguments) {
  static constexpr std::array kFlags = {
      "--plan",  "--activate", "--yes",       "--",    "--ask-sudo-password", "--stop-on-failure",
      "--go-on", "--deltas",   "--no-deltas", "--json"};
  std::vector<std::string> words = arguments.words;
  for (size_t i = 0; i < words.size(); ++i) {  // an option may have such a value
    const bool is_value = i > 0 && words[i - 1].starts_with('-') &&
                          words[i - 1].find('=') == std::string::npos &&
                          std::ranges::find(kFlags, words[i - 1]) == kFlags.end();
    if (words[i] == arguments.hosts_word && !is_value) {
      words[i] = hosts;
      break;
    }
  }
  std::ranges::transform(words, words.begin(), base::ShellWord);
  return fmt::format("imgpush {}", fmt::join(words, " "));
}

// What somebody types here to go on, as it stands.
std::string ActivateCommand(const HostOutcome& outcome, const Arguments& arguments,
                            uint64_t generation) {
  std::vector<std::string> words = {ActivateProgram()};
  if (const std::string folder = FolderOf(outcome.target.destination); !folder.empty()) {
    words.insert(words.end(), {"--root", folder});
  } else {
    if (!arguments.ssh.empty()) {
      words.insert(words.end(), {"--ssh", arguments.ssh});
    }
    if (arguments.hosts_file != Arguments().hosts_file) {
      words.insert(words.end(), {"--hosts", arguments.hosts_file});
    }
    if (arguments.root) {
      words.insert(words.end(), {"--root", *arguments.root});
    }
    if (outcome.gave_password) {
      words.emplace_back("--ask-sudo-password");
    }
    words.insert(words.end(), {"--host", outcome.target.name});
    if (arguments.gate) {
      words.emplace_back("--gate");
    }
  }
  words.insert(words.end(), {"--generation", std::to_string(generation)});
  std::ranges::transform(words, words.begin(), base::ShellWord);
  return fmt::format("{}", fmt::join(words, " "));
}

std::string NextStep(const HostOutcome& outcome, const Arguments& arguments) {
  const Staged& staged = outcome.push.staged;
  if (staged.active) {
    return arguments.activate ? "nothing to stage"  // the activation says what is active
                              : fmt::format("generation {} is active already; nothing to activate",
                                            staged.generation);
  }
  const std::string done = fmt::format("generation {} {}", staged.generation,
                                       staged.created ? "staged" : "was staged already");
  return arguments.activate
             ? done
             : done + "; activate with: " + ActivateCommand(outcome, arguments, staged.generation);
}

// Not only for an interrupt.
bool Failed(const std::vector<HostOutcome>& outcomes) {
  return std::ranges::any_of(outcomes, [](const HostOutcome& outcome) {
    return outcome.error && outcome.error->code() != base::ExitCode::kInterrupted;
  });
}

std::string LineOf(const HostOutcome& outcome, const Arguments& arguments) {
  std::string line = outcome.target.name + ": ";
  for (const PushedImage& image : outcome.push.images) {
    if (image.already_there) {
      line += fmt::format("{} {} already there, ", image.name, image.id);
    } else if (image.repaired) {
      line += fmt::format("{} {} was damaged there and is repaired, ", image.name, image.id);
    }
  }
  line +=
      fmt::format("sent {} in {:.1f} s, {}\n", ShareText(outcome.sent_bytes, outcome.image_bytes),
                  outcome.seconds, NextStep(outcome, arguments));
  for (const std::string& note : outcome.push.staged.notes) {
    line += fmt::format("{}: {}\n", outcome.target.name, note);
  }
  return line;
}

// A repair replaces the file, and what runs keeps the old one. An activation of what is active
// restarts it.
void ReportReplaced(const HostOutcome& outcome, const Arguments& arguments,
                    hosts::ProgressDisplay& board) {
  const Staged& staged = outcome.push.staged;
  if (staged.replaced.empty() || !FolderOf(outcome.target.destination).empty() ||
      (arguments.activate && staged.active)) {
    return;
  }
  board.WriteErr(fmt::format(
      "imgpush: {}: what runs of {} still has the damaged file; restart it with: {}\n",
      outcome.target.name, fmt::join(staged.replaced, ", "),
      ActivateCommand(outcome, arguments,
                      arguments.activate ? staged.generation : staged.active_generation)));
}

base::Json ToJson(const HostOutcome& outcome) {
  base::Json out = {{"name", outcome.target.name},        {"sent_bytes", outcome.sent_bytes},
                    {"agent_bytes", outcome.agent_bytes}, {"image_bytes", outcome.image_bytes},
                    {"seconds", outcome.seconds},         {"exit_code", outcome.exit_code()}};
  if (outcome.error) {
    out["error"] = outcome.error->what();
    if (!outcome.error->detail().empty()) {
      out["detail"] = outcome.error->detail();
    }
  }
  if (outcome.running) {
    out["running"] = *outcome.running;
    out["switch_seconds"] = outcome.switch_seconds;
  }
  if (outcome.plan) {
    out["plan"] = PlanJson(*outcome.plan);
  }
  if (!outcome.pushed()) {
    return out;
  }
  uint64_t total = 0;
  uint64_t sent = 0;
  uint64_t as_delta = 0;
  uint64_t failed = 0;
  out["images"] = base::Json::array();
  for (const PushedImage& image : outcome.push.images) {
    out["images"].push_back({{"name", image.name},
                             {"id", image.id},
                             {"already_there", image.already_there},
                             {"repaired", image.repaired},
                             {"basis", image.basis}});
    total += image.chunks_total;
    sent += image.chunks_sent;
    as_delta += image.chunks_as_delta;
    failed += image.chunks_failed;
  }
  out["generation"] = outcome.push.staged.generation;
  out["created"] = outcome.push.staged.created;
  out["active"] = outcome.push.staged.active;
  out["replaced"] = outcome.push.staged.replaced;
  out["added_bytes"] = outcome.push.staged.added_bytes;
  out["notes"] = outcome.push.staged.notes;
  out["chunks"] = {{"total", total},
                   {"present", total - sent},
                   {"sent", sent},
                   {"as_delta", as_delta},
                   {"failed", failed}};
  return out;
}

}  // namespace

std::string ErrorLineOf(const std::string& host, const base::Error& error) {
  const std::string what = Printable(error.what());  // it may quote the host
  const bool named = what.starts_with(host + ":") || what.starts_with(host + " ") ||
                     what.starts_with("host " + host + " ");
  std::string out = fmt::format("imgpush: error: {}{}\n", named ? "" : host + ": ", what);
  for (const std::string& line : error.detail()) {
    out += fmt::format("  {}\n", Printable(line));
  }
  return out;
}

std::string ShareText(uint64_t part_bytes, uint64_t whole_bytes) {
  if (part_bytes > whole_bytes) {
    return fmt::format("{} (image: {}; the rest is the list of chunks)",
                       base::HumanBytes(part_bytes), base::HumanBytes(whole_bytes));
  }
  const double percent =
      whole_bytes == 0 ? 0.0
                       : 100.0 * static_cast<double>(part_bytes) / static_cast<double>(whole_bytes);
  return fmt::format("{} of {} ({:.1f}%)", base::HumanBytes(part_bytes),
                     base::HumanBytes(whole_bytes), percent);
}

void ReportAgent(const HostOutcome& outcome, hosts::ProgressDisplay& board) {
  if (outcome.agent_bytes > 0) {
    board.WriteErr(fmt::format("imgpush: {}: the agent was installed first, {} once\n",
                               outcome.target.name, base::HumanBytes(outcome.agent_bytes)));
  }
}

void ReportHost(const HostOutcome& outcome, const Arguments& arguments,
                hosts::ProgressDisplay& board) {
  if (outcome.error) {
    board.WriteErr(ErrorLineOf(outcome.target.name, *outcome.error));
    return;
  }
  if (arguments.json) {
    return;
  }
  board.WriteOut(LineOf(outcome, arguments));
  ReportReplaced(outcome, arguments, board);
  for (const PushedImage& image : outcome.push.images) {
    if (image.chunks_failed > 0) {
      board.WriteErr(
          fmt::format("imgpush: {}: {} of {} chunks of {} failed as deltas and were sent "
                      "whole\n",
                      outcome.target.name, image.chunks_failed, image.chunks_sent, image.name));
    }
  }
  if (!outcome.plan) {  // which said so
    ReportAgent(outcome, board);
  }
}

void ReportSwitch(const HostOutcome& outcome, const Arguments& arguments,
                  hosts::ProgressDisplay& board) {
  if (outcome.error) {
    board.WriteErr(ErrorLineOf(outcome.target.name, *outcome.error));
  }
  if (arguments.json || !outcome.running) {
    return;
  }
  const std::string& host = outcome.target.name;
  if (*outcome.running == 0) {
    board.WriteOut(fmt::format("{}: no generation runs\n", host));
  } else if (!FolderOf(outcome.target.destination).empty()) {
    board.WriteOut(
        fmt::format("{}: generation {} is its current one; nothing runs from a folder: push to a "
                    "host for that\n",
                    host, *outcome.running));
  } else if (outcome.error && outcome.error->code() == base::ExitCode::kNeedsAttention) {
    board.WriteOut(
        fmt::format("{}: generation {} is active, and needs attention: `activate status` there\n",
                    host, *outcome.running));
  } else if (outcome.error && outcome.error->code() != base::ExitCode::kRolledBack) {
    board.WriteOut(fmt::format("{}: generation {} is active\n", host, *outcome.running));
  } else if (outcome.error || outcome.push.staged.active) {
    board.WriteOut(fmt::format("{}: generation {} runs\n", host, *outcome.running));
  } else {
    board.WriteOut(fmt::format("{}: generation {} runs, activated in {:.1f} s\n", host,
                               *outcome.running, outcome.switch_seconds));
  }
}

std::string Question(const std::vector<HostOutcome>& outcomes, const std::vector<size_t>& ends) {
  std::vector<std::string> waves;
  size_t i = 0;
  for (const size_t end : ends) {
    std::vector<std::string> names;
    for (; i < end; ++i) {
      if (!outcomes[i].error) {
        names.push_back(outcomes[i].target.name);
      }
    }
    if (!names.empty()) {
      waves.push_back(fmt::format("{}", fmt::join(names, ", ")));
    }
  }
  if (waves.size() > 1) {
    return fmt::format("Push and activate in {} waves: {}?", waves.size(), fmt::join(waves, "; "));
  }
  return waves.empty() ? "" : fmt::format("Push and activate on {}?", waves.front());
}

std::string Summary(const std::vector<HostOutcome>& outcomes, double seconds) {
  uint64_t sent_bytes = 0;
  std::vector<std::string> failed;
  std::vector<std::string> not_begun;
  for (const HostOutcome& outcome : outcomes) {
    sent_bytes += outcome.sent_bytes;
    if (outcome.error) {
      (outcome.begun ? failed : not_begun).push_back(outcome.target.name);
    }
  }
  std::string out = fmt::format(
      "{} of {} hosts done", outcomes.size() - failed.size() - not_begun.size(), outcomes.size());
  if (!failed.empty()) {
    out += fmt::format(", {} failed: {}", failed.size(), fmt::join(failed, ", "));
  }
  if (!not_begun.empty()) {
    out += fmt::format(", {} not begun: {}", not_begun.size(), fmt::join(not_begun, ", "));
  }
  return out + fmt::format("; sent {} in {:.1f} s\n", base::HumanBytes(sent_bytes), seconds);
}

std::string RepeatCommand(const std::vector<HostOutcome>& outcomes, const Arguments& arguments) {
  std::vector<std::string> again;
  for (const HostOutcome& outcome : outcomes) {
    if (!outcome.error) {
      continue;
    }
    const base::ExitCode code = outcome.error->code();
    // A switch that failed would fail again. In waves it would be the first once more, mended.
    if (!arguments.waves.empty() ||
        (code != base::ExitCode::kRolledBack && code != base::ExitCode::kNeedsAttention)) {
      again.push_back(outcome.target.name);
    }
  }
  // Where all are interrupted, it is the command that was typed.
  const bool is_same = again.size() == outcomes.size() && !Failed(outcomes);
  return again.empty() || is_same
             ? ""
             : SameCommand(fmt::format("{}", fmt::join(again, ",")), arguments);
}

std::string WhyRepeat(const std::vector<HostOutcome>& outcomes, const Arguments& arguments) {
  if (!Failed(outcomes)) {
    return "to go on with the others";
  }
  return arguments.stops_on_failure()
             ? "again for those that failed or were not begun, once that is mended"
             : "again for those that failed";
}

std::string ToJson(const std::vector<HostOutcome>& outcomes) {
  base::Json out = base::Json::array();
  for (const HostOutcome& outcome : outcomes) {
    out.push_back(ToJson(outcome));
  }
  return base::DumpJson(out, 2) + "\n";
}

int ExitCodeOf(const std::vector<HostOutcome>& outcomes) {
  int out = 0;
  for (const HostOutcome& outcome : outcomes) {
    out = hosts::WorseOf(out, outcome.exit_code());
  }
  return out;
}

}  // namespace pusher
