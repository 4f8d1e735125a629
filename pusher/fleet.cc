#include "pusher/fleet.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>

#include "base/interrupt.h"
#include "base/log.h"
#include "base/parallel_for.h"
#include "base/progress.h"
#include "pusher/ssh/remote_activation.h"
#include "pusher/ssh/remote_status.h"

namespace pusher {
namespace {

// Each connection that is kept takes three descriptors; the usual limit is 1024.
void AllowManyFiles() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

base::Error Interrupted(const std::string& why) { return {base::ExitCode::kInterrupted, why}; }

}  // namespace

Fleet::Fleet(const std::vector<Destination>& targets, const Arguments& arguments,
             const Agents& agents, hosts::ProgressDisplay& board)
    : arguments_(arguments), agents_(agents), board_(board), work_(true) {
  AllowManyFiles();
  for (const Destination& target : targets) {
    HostOutcome& outcome = outcomes_.emplace_back();
    outcome.target = target;
    for (const images::ImageDirectory& image : *target.images) {
      outcome.image_bytes += image.manifest().image.size_bytes;
    }
  }
  Choose(0, outcomes_.size());
}

// One whose plan failed has no part in its wave, which failed with that.
void Fleet::Choose(size_t first, size_t end) {
  chosen_.clear();
  failed_ = false;
  for (size_t i = first; i < end; ++i) {
    if (outcomes_[i].error) {
      failed_ = true;
    } else {
      chosen_.push_back(&outcomes_[i]);
    }
  }
}

bool Fleet::AnyIsWell() const {
  return std::ranges::any_of(chosen_, [](const HostOutcome* outcome) { return !outcome->error; });
}

void Fleet::Try(HostOutcome& outcome, double& seconds, const std::string& doing,
                const std::function<void(const base::Io& io)>& work) {
  outcome.begun = true;
  outcome.error.reset();
  hosts::ProgressDisplay::Line line(board_);
  line.Show(fmt::format("{}: {}", outcome.target.name, doing));
  const auto start = std::chrono::steady_clock::now();
  base::LogInfo("{}: {}", outcome.target.name, doing);
  try {
    work(board_.IoFor(line));
  } catch (const base::Error& error) {
    outcome.error = outcome.conversation ? outcome.conversation->remote.Explain(error) : error;
  } catch (const std::exception& error) {
    outcome.error = base::Error(base::ExitCode::kFailed, error.what());
  }
  seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (outcome.error) {
    outcome.conversation.reset();
    failed_ = true;
  }
}

// Those without an error; it is `interrupted` until their turn comes.
std::vector<HostOutcome*> Fleet::Ready(const std::string& interrupted) {
  std::vector<HostOutcome*> out;
  for (HostOutcome* outcome : chosen_) {
    if (!outcome->error) {
      out.push_back(outcome);
      outcome->error = Interrupted(interrupted);
      outcome->begun = false;
    }
  }
  return out;
}

void Fleet::Connect(HostOutcome& outcome, const base::Io& io) {
  if (!outcome.conversation) {
    const bool is_folder = !FolderOf(outcome.target.destination).empty();
    const bool deltas = arguments_.deltas.value_or(!is_folder);
    if (deltas && !is_folder) {
      for (const images::ImageDirectory& image : *outcome.target.images) {
        guesser_.Add(image);
      }
    }
    base::PhaseLog phases(outcome.target.name);
    const PushOptions push{deltas, !is_folder || arguments_.deltas.has_value(), &work_};
    Reach(outcome.target, arguments_, board_, io, [&](const RemoteOptions& options) {
      outcome.conversation = std::make_unique<Conversation>(outcome.target, options, agents_, push);
    });
    outcome.agent = &outcome.conversation->remote.agent();
    outcome.agent_bytes += outcome.conversation->remote.agent_bytes();
    outcome.gave_password = outcome.conversation->remote.connection().login().talk.trial != nullptr;
    phases.Done("the agent was started");
  }
  outcome.conversation->waiting.reset();
}

void Fleet::PlanOne(HostOutcome& outcome, const base::Io& io) {
  Connect(outcome, io);
  outcome.plan = outcome.conversation->session.Plan(io);
  if (!outcome.plan->host.fits) {
    base::Fail(base::ExitCode::kFailed,
               "{} and {} to spare are needed there, {} are free: make room with `activate prune`",
               base::HumanBytes(outcome.plan->host.needed_bytes), base::HumanBytes(kHeadroomBytes),
               base::HumanBytes(outcome.plan->host.free_bytes));
  }
  if (const std::vector<std::string>& problems = outcome.plan->host.problems; !problems.empty()) {
    outcome.conversation->remote.Close();
    throw base::Error(base::ExitCode::kFailed, "the activation would be refused", problems);
  }
  if (arguments_.plan) {
    outcome.conversation->remote.Close();
    outcome.conversation.reset();
    return;
  }
  outcome.conversation->waiting = std::make_unique<KeepAlive>(outcome.conversation->remote.wire(),
                                                              std::chrono::seconds(5), kPatience);
}

// A connection that waited for its turn may have ended: a host gives up an hour after its plan, a
// router may before. Then the push begins anew.
void Fleet::PushOne(HostOutcome& outcome, const base::Io& io) {
  const bool waited = outcome.conversation != nullptr;
  try {
    PushOver(outcome, io);
  } catch (const base::Error& error) {
    const bool answered = outcome.conversation && outcome.conversation->session.answered();
    if (!waited || answered || error.code() != base::ExitCode::kUnreachable) {
      throw;
    }
    base::LogInfo("{}: connecting again: {}", outcome.target.name, error.what());
    outcome.conversation.reset();
    PushOver(outcome, io);
  }
  // A gate does one thing a login; what is to be confirmed is no line of a push's program.
  if (!arguments_.activate || outcome.target.gate || arguments_.confirm_within_seconds ||
      !outcome.conversation->remote.connection().by_ssh()) {
    outcome.conversation->remote.Close();
    outcome.conversation.reset();
  }
}

void Fleet::PushOver(HostOutcome& outcome, const base::Io& io) {
  Connect(outcome, io);
  PushSession& session = outcome.conversation->session;
  try {
    outcome.push = session.Push(io);
  } catch (const base::Error&) {
    outcome.sent_bytes = session.sent_bytes();
    throw;
  }
  outcome.sent_bytes = session.sent_bytes();
}

void Fleet::ActivateOne(HostOutcome& outcome, const base::Io& io) {
  RemoteActivation request;
  request.generation = outcome.push.staged.generation;
  request.lock_wait_seconds = arguments_.lock_wait_seconds;
  request.confirm_within_seconds = arguments_.confirm_within_seconds;
  request.show = [&](const std::string& line) {
    const std::string text = outcome.target.name + ": " + line;
    const bool passes = io.err_is_terminal && !base::IsLogged(base::LogLevel::kInfo);
    passes ? io.status->Show(text) : board_.WriteErr(text + "\n");
  };
  const std::unique_ptr<Conversation> conversation = std::move(outcome.conversation);
  RemoteOptions options = RemoteOptionsOf(arguments_, outcome.target);
  options.may_ask = MayAsk(arguments_, io);
  const RemoteActivationResult result =
      ActivateOn(outcome.target, options, *outcome.agent, request,
                 conversation ? &conversation->remote.connection() : nullptr);
  outcome.running = result.running;
  outcome.error = result.error;
}

void Fleet::Plan(const Reporter& report) {
  const std::vector<HostOutcome*> ready = Ready("interrupted before it began");
  base::ParallelFor(ready.size(), arguments_.jobs, [&](size_t i) {
    HostOutcome& outcome = *ready[i];
    Try(outcome, outcome.seconds, "connecting", [&](const base::Io& io) { PlanOne(outcome, io); });
    report(outcome);
  });
}

void Fleet::Push(const Reporter& report) {
  const std::vector<HostOutcome*> ready = Ready("interrupted before it began");
  base::ParallelFor(ready.size(), arguments_.jobs, [&](size_t i) {
    HostOutcome& outcome = *ready[i];
    if (IsStopped()) {
      outcome.error =
          base::Error(base::ExitCode::kFailed, "not begun, because another host failed");
      outcome.conversation.reset();
      return;
    }
    outcome.seconds = 0;
    Try(outcome, outcome.seconds, "connecting", [&](const base::Io& io) { PushOne(outcome, io); });
    report(outcome);
  });
  for (HostOutcome* outcome : ready) {
    if (!outcome->begun && outcome->plan) {
      report(*outcome);
    }
  }
}

void Fleet::Activate(const Reporter& report) {
  const std::vector<HostOutcome*> ready = Ready("interrupted before its activation");
  base::ParallelFor(ready.size(), arguments_.jobs, [&](size_t i) {
    HostOutcome& outcome = *ready[i];
    if (IsStopped()) {
      outcome.error = base::Error(base::ExitCode::kFailed,
                                  "pushed, and not activated, because another host failed");
      return;
    }
    Try(outcome, outcome.switch_seconds,
        fmt::format("activating generation {}", outcome.push.staged.generation),
        [&](const base::Io& io) { ActivateOne(outcome, io); });
    report(outcome);
  });
  for (HostOutcome* outcome : ready) {
    if (!outcome->begun) {
      outcome->begun = true;  // its push has
      report(*outcome);
    }
  }
}

void Fleet::AskOne(HostOutcome& outcome, const base::Io& io) {
  Reach(outcome.target, arguments_, board_, io, [&](const RemoteOptions& options) {
    const HostHealth health =
        AskHealth(outcome.target, options, *outcome.agent, outcome.running.value_or(0));
    outcome.running = health.running;
    outcome.error = health.error;
  });
}

void Fleet::CheckHealth(const Reporter& report) {
  const std::vector<HostOutcome*> ready =
      Ready("interrupted before it was asked whether it is still healthy");
  base::ParallelFor(ready.size(), arguments_.jobs, [&](size_t i) {
    HostOutcome& outcome = *ready[i];
    double seconds = 0;
    Try(outcome, seconds, "asking whether it is still healthy",
        [&](const base::Io& io) { AskOne(outcome, io); });
    if (outcome.error) {
      report(outcome);
    }
  });
  for (HostOutcome* outcome : ready) {
    outcome->begun = true;  // its activation has
  }
}

void Fleet::LeaveOut(size_t first, const std::string& why) {
  for (size_t i = first; i < outcomes_.size(); ++i) {
    HostOutcome& outcome = outcomes_[i];
    if (!outcome.error) {
      outcome.error = base::Error(
          base::Interrupted() ? base::ExitCode::kInterrupted : base::ExitCode::kFailed, why);
      outcome.conversation.reset();
      outcome.begun = false;
    }
  }
}

}  // namespace pusher
