#include "pusher/imgpush.h"

#include <chrono>
#include <optional>

#include "base/confirm.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "pusher/agent_binary.h"
#include "pusher/arguments.h"
#include "pusher/board.h"
#include "pusher/fleet.h"
#include "pusher/report.h"
#include "pusher/targets.h"

namespace pusher {
namespace {

// An interrupt is no answer: what it leaves undone is for ActivateAll to tell.
bool SaidNo(const std::string& question, const base::Io& io) {
  try {
    return !base::Confirm(io, question);
  } catch (const base::Error& error) {
    if (error.code() != base::Code::kInterrupted) {
      throw;
    }
    io.Err("\n");
    return false;
  }
}

void Activate(std::vector<HostOutcome>& outcomes, const Arguments& arguments,
              const AgentBinary& agent, const base::Io& io, Board& board) {
  const std::string question = Question(outcomes);
  if (question.empty()) {
    return;
  }
  if (!arguments.yes && !base::Interrupted() && SaidNo(question, io)) {
    io.Err("imgpush: nothing was activated\n");
    return;
  }
  ActivateAll(outcomes, arguments, agent, board,
              [&](const HostOutcome& outcome) { ReportSwitch(outcome, arguments, board); });
}

}  // namespace

int RunImgpush(const std::vector<std::string>& arguments, const base::Io& io) {
  const std::optional<Arguments> parsed = ParseArguments(arguments, io);
  if (!parsed) {
    return 0;
  }
  const std::vector<Target> targets = ChooseTargets(*parsed, io);
  const AgentBinary agent = FindAgent();
  const auto start = std::chrono::steady_clock::now();
  Board board(io);
  std::vector<HostOutcome> outcomes =
      PushToAll(targets, *parsed, agent, board,
                [&](const HostOutcome& outcome) { ReportHost(outcome, *parsed, board); });
  if (parsed->activate) {
    Activate(outcomes, *parsed, agent, io, board);
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (parsed->json) {
    io.WriteOut(ToJson(outcomes));
  } else if (outcomes.size() > 1) {
    io.WriteOut(Summary(outcomes, seconds));
  }
  return ExitCodeOf(outcomes);
}

}  // namespace pusher
