#include "pusher/waves.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <sstream>
#include <thread>

#include "base/error.h"
#include "base/interrupt.h"
#include "pusher/report.h"

namespace pusher {
namespace {

// "25%" of 10 hosts is 3.
size_t EndOf(const std::string& word, size_t hosts) {
  const bool is_share = word.ends_with('%');
  const char* end = word.data() + word.size() - (is_share ? 1 : 0);
  size_t number = 0;
  const auto [rest, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || rest != end || number == 0 || (is_share && number > 100)) {
    base::Fail(
        base::ExitCode::kUsage,
        "--wave takes numbers of hosts and shares of them, as in 1,25%,100%; '{}' is neither",
        word);
  }
  return std::min(hosts, is_share ? (number * hosts + 99) / 100 : number);
}

// False: we were interrupted.
bool Pause(uint64_t seconds, size_t next, size_t waves, hosts::ProgressDisplay& board) {
  using Clock = std::chrono::steady_clock;
  hosts::ProgressDisplay::Line line(board);
  line.Show(fmt::format("waiting {} s before wave {} of {}", seconds, next, waves));
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  while (Clock::now() < end && !base::Interrupted()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return !base::Interrupted();
}

}  // namespace

std::vector<size_t> WaveEnds(const std::string& waves, size_t hosts) {
  std::vector<size_t> out;
  std::istringstream words(waves);
  for (std::string word; std::getline(words, word, ',');) {
    const size_t end = EndOf(word, hosts);
    if (!out.empty() && end < out.back()) {
      base::Fail(base::ExitCode::kUsage,
                 "--wave '{}': each number counts the hosts of the waves before it, too, so that "
                 "they grow, as in 1,25%,100%",
                 waves);
    }
    if (out.empty() || end > out.back()) {  // few hosts make two waves one
      out.push_back(end);
    }
  }
  if (out.empty() || out.back() < hosts) {
    out.push_back(hosts);
  }
  return out;
}

void CheckWaves(const std::string& waves, size_t hosts, const base::Io& io) {
  if (WaveEnds(waves, hosts).size() == 1 && !waves.empty() && (hosts > 1 || waves != "1")) {
    io.Err("imgpush: {} in the first wave, so none is tried before the others\n",
           hosts > 1 ? fmt::format("all {} hosts are", hosts) : "the only host is");
  }
}

void LeaveOutFailedPlans(Fleet& fleet, const Arguments& arguments, hosts::ProgressDisplay& board) {
  if (!arguments.stops_on_failure() || base::Interrupted()) {
    return;
  }
  const std::vector<HostOutcome>& outcomes = fleet.outcomes();
  const auto failed = std::ranges::find_if(
      outcomes, [](const HostOutcome& outcome) { return outcome.error.has_value(); });
  if (failed == outcomes.end()) {
    return;
  }
  const auto at = static_cast<size_t>(failed - outcomes.begin());
  size_t first = 0;
  for (const size_t end : WaveEnds(arguments.waves, outcomes.size())) {
    first = end <= at ? end : first;
  }
  std::vector<std::string> names;
  for (size_t i = first; i < outcomes.size(); ++i) {
    if (!outcomes[i].error) {
      names.push_back(outcomes[i].target.name);
    }
  }
  const std::string why = fmt::format("because the plan of {} failed", failed->target.name);
  fleet.LeaveOut(first, "not begun, " + why);
  if (!names.empty()) {
    board.WriteErr(fmt::format("imgpush: left out, {} (--go-on: not left out): {}\n", why,
                               fmt::join(names, ", ")));
  }
}

void RunInWaves(Fleet& fleet, const Arguments& arguments, hosts::ProgressDisplay& board) {
  const Reporter report_push = [&](const HostOutcome& outcome) {
    ReportHost(outcome, arguments, board);
  };
  const Reporter report_switch = [&](const HostOutcome& outcome) {
    ReportSwitch(outcome, arguments, board);
  };
  const std::vector<size_t> ends = WaveEnds(arguments.waves, fleet.outcomes().size());
  size_t first = 0;
  for (size_t wave = 1; wave <= ends.size(); ++wave) {
    fleet.Choose(first, ends[wave - 1]);
    fleet.Push(report_push);
    if (arguments.activate) {
      fleet.Activate(report_switch);
    }
    first = ends[wave - 1];
    if (wave == ends.size()) {
      return;
    }
    const bool stops = arguments.stops_on_failure();
    if (!(stops && fleet.Failed()) && fleet.AnyIsWell() &&
        Pause(arguments.pause_seconds.value_or(kPauseSeconds), wave + 1, ends.size(), board)) {
      fleet.CheckHealth(report_switch);
    }
    if (base::Interrupted() || (stops && fleet.Failed())) {
      fleet.LeaveOut(first, fmt::format("not begun, because wave {} of {} {}", wave, ends.size(),
                                        base::Interrupted() ? "was interrupted" : "failed"));
      return;
    }
  }
}

}  // namespace pusher
