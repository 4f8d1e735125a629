#include "pusher/imgpush.h"

#include <malloc.h>

#include <chrono>
#include <optional>
#include <utility>

#include "base/confirm.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "hosts/progress_display.h"
#include "hosts/sudo_password.h"
#include "pusher/arguments.h"
#include "pusher/doctor.h"
#include "pusher/fleet.h"
#include "pusher/plan_report.h"
#include "pusher/report.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/targets.h"
#include "pusher/trust_command.h"
#include "pusher/wave_ends.h"
#include "pusher/waves.h"

namespace pusher {
namespace {

// An interrupt is no answer: what it leaves undone is for the steps that follow to tell.
bool SaidNo(const std::string& question, const base::Io& io) {
  try {
    return !base::Confirm(io, question);
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kInterrupted) {
      throw;
    }
    io.Err("\n");
    return false;
  }
}

// Plans and asks; false: no. What an interrupt undoes, the steps that follow tell.
bool IsWanted(Fleet& fleet, const Arguments& arguments, const base::Io& io,
              hosts::ProgressDisplay& board) {
  fleet.Plan([&](const HostOutcome& outcome) { ReportPlan(outcome, false, board); });
  LeaveOutFailedPlans(fleet, arguments, board);
  const std::string question =
      Question(fleet.outcomes(), WaveEnds(arguments.waves, fleet.outcomes().size()));
  if (question.empty() || base::Interrupted() || !SaidNo(question, io) || base::Interrupted()) {
    return true;
  }
  fleet.LeaveOut(0, "not begun, because the answer was no");
  io.Err("imgpush: error: the answer was no: nothing was changed\n");
  return false;
}

// What the command line asks for; false where somebody says no.
bool Run(Fleet& fleet, const Arguments& arguments, const base::Io& io,
         hosts::ProgressDisplay& board) {
  if (arguments.plan) {
    fleet.Plan([&](const HostOutcome& outcome) { ReportPlan(outcome, !arguments.json, board); });
    return true;
  }
  if (arguments.activate && !arguments.yes && !IsWanted(fleet, arguments, io, board)) {
    return false;
  }
  RunInWaves(fleet, arguments, board);
  return true;
}

// Deltas take tables and buffers of megabytes in turn: what each would get anew from the kernel,
// and have zeroed, is a fifth of a push's CPU.
void KeepFreedMemory() {
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most it takes
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  ::mallopt(M_ARENA_MAX, 8);
}

}  // namespace

int RunImgpush(const std::vector<std::string>& arguments, const base::Io& io) {
  KeepFreedMemory();
  const base::LogOutput log(io);
  std::optional<Arguments> parsed = ParseArguments(arguments, io);
  if (!parsed) {
    return 0;
  }
  if (parsed->doctor) {
    return RunDoctor(std::move(*parsed), io);
  }
  if (!parsed->trust.empty()) {
    return RunTrust(std::move(*parsed), io);
  }
  const std::vector<Destination> targets = ChooseTargets(*parsed, io);
  CheckWaves(parsed->waves, targets.size(), io);  // told before anything is asked
  if (parsed->ask_sudo_password) {
    parsed->sudo_password = hosts::AskSudoPassword(io);
  }
  const Agents agents = FindAgents();
  const auto start = std::chrono::steady_clock::now();
  hosts::ProgressDisplay board(io);
  Fleet fleet(targets, *parsed, agents, board);
  const bool done = Run(fleet, *parsed, io, board);
  const std::vector<HostOutcome>& outcomes = fleet.outcomes();
  if (const std::string trouble = fleet.trouble_keeping(); !trouble.empty()) {
    board.WriteErr(fmt::format(
        "imgpush: {}; deltas were made more than once: set TMPDIR to a folder with room\n",
        trouble));
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (parsed->json) {
    io.WriteOut(ToJson(outcomes));
  } else if (outcomes.size() > 1 && !parsed->plan && done) {
    io.WriteOut(Summary(outcomes, seconds));
  }
  if (const std::string repeat = RepeatCommand(outcomes, *parsed);
      done && outcomes.size() > 1 && !repeat.empty()) {
    io.Err("imgpush: {}: {}\n", WhyRepeat(outcomes, *parsed), repeat);
  }
  return ExitCodeOf(outcomes);
}

}  // namespace pusher
