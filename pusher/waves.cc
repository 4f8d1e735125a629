#include "pusher/waves.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/interrupt.h"
#include "pusher/report.h"
#include "pusher/wave_ends.h"

namespace pusher {
namespace {

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
