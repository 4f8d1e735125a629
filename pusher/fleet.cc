#include "pusher/fleet.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <chrono>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/interrupt.h"
#include "pusher/remote.h"
#include "pusher/remote_switch.h"

namespace pusher {
namespace {

// Who pushes, for the host's record: "anna@laptop", of harmless characters.
std::string WhoWeAre() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  const passwd* user = ::getpwuid(::getuid());
  std::string out = user == nullptr ? fmt::format("uid{}", ::getuid()) : user->pw_name;
  out += std::string("@") + name.data();
  std::ranges::replace_if(
      out,
      [](unsigned char c) {
        return std::isalnum(c) == 0 && c != '@' && c != '.' && c != '-' && c != '_';
      },
      '_');
  return out;
}

RemoteOptions OptionsOf(const Arguments& arguments) {
  RemoteOptions out{arguments.ssh, {arguments.root, WhoWeAre(), arguments.agent_directory, {}}};
  if (arguments.lock_wait_seconds) {
    out.host.agent_arguments = {"--lock-wait", std::to_string(*arguments.lock_wait_seconds)};
  }
  if (arguments.host_jobs > 0) {
    out.host.agent_arguments.insert(out.host.agent_arguments.end(),
                                    {"--host-jobs", std::to_string(arguments.host_jobs)});
  }
  return out;
}

void PushTo(HostOutcome& outcome, const RemoteOptions& options, const PushOptions& push_options,
            const AgentBinary& agent, const base::Io& io) {
  Remote remote(outcome.target, options, agent);
  outcome.agent_bytes = remote.agent_bytes();
  outcome.by_sudo = remote.by_sudo();
  try {
    outcome.push = Push(remote.wire(), *outcome.target.images, io, push_options);
  } catch (const base::Error& error) {
    outcome.sent_bytes = remote.sent_bytes();
    throw remote.Explain(error);
  }
  outcome.sent_bytes = remote.sent_bytes();
  remote.Close();
}

void Activate(HostOutcome& outcome, const RemoteOptions& options, const AgentBinary& agent,
              std::optional<uint64_t> lock_wait_seconds, const base::Io& io, Board& board) {
  SwitchRequest request;
  request.generation = outcome.push.staged.generation;
  request.lock_wait_seconds = lock_wait_seconds;
  request.show = [&](const std::string& line) {
    const std::string text = outcome.target.name + ": " + line;
    io.err_is_terminal ? io.status->Show(text) : board.WriteErr(text + "\n");
  };
  const SwitchResult result = SwitchOn(outcome.target, options, agent, request);
  outcome.running = result.running;
  outcome.error = result.error;
}

// `work` whose failure concerns one host alone. Adds the time that it takes to `seconds`.
void Try(HostOutcome& outcome, double& seconds, const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  try {
    work();
  } catch (const base::Error& error) {
    outcome.error = error;
  } catch (const std::exception& error) {
    outcome.error = base::Error(base::Code::kFailed, error.what());
  }
  seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void ForEachAtOnce(size_t count, size_t jobs, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr thrown;
  const auto run = [&] {
    try {
      for (size_t i = next++; i < count && !base::Interrupted(); i = next++) {
        work(i);
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      thrown = std::current_exception();
      next = count;
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(std::min(count, jobs));
  try {
    for (size_t i = 0; i < std::min(count, jobs); ++i) {
      threads.emplace_back(run);
    }
  } catch (const std::system_error&) {  // the system has no more; those that run do it all
    if (threads.empty()) {
      throw;
    }
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  if (thrown) {
    std::rethrow_exception(thrown);
  }
}

std::vector<HostOutcome> PushToAll(const std::vector<Target>& targets, const Arguments& arguments,
                                   const AgentBinary& agent, Board& board, const Reporter& report) {
  std::vector<HostOutcome> outcomes;
  for (const Target& target : targets) {
    HostOutcome& outcome = outcomes.emplace_back();
    outcome.target = target;
    outcome.error = base::Error(base::Code::kInterrupted, "interrupted before it began");
    for (const images::ImageDirectory& image : *target.images) {
      outcome.image_bytes += image.manifest().image.size_bytes;
    }
  }
  const RemoteOptions options = OptionsOf(arguments);
  ForEachAtOnce(targets.size(), arguments.jobs, [&](size_t i) {
    HostOutcome& outcome = outcomes[i];
    outcome.begun = true;
    outcome.error.reset();
    {
      Board::Line line(board);
      line.Show(outcome.target.name + ": connecting");
      Try(outcome, outcome.seconds,
          [&] { PushTo(outcome, options, {arguments.deltas}, agent, board.IoFor(line)); });
    }
    report(outcome);
  });
  return outcomes;
}

void ActivateAll(std::vector<HostOutcome>& outcomes, const Arguments& arguments,
                 const AgentBinary& agent, Board& board, const Reporter& report) {
  std::vector<HostOutcome*> ready;
  for (HostOutcome& outcome : outcomes) {
    if (!outcome.error) {
      ready.push_back(&outcome);
      outcome.error = base::Error(base::Code::kInterrupted, "interrupted before its activation");
    }
  }
  const RemoteOptions options = OptionsOf(arguments);
  ForEachAtOnce(ready.size(), arguments.jobs, [&](size_t i) {
    HostOutcome& outcome = *ready[i];
    outcome.switch_begun = true;
    outcome.error.reset();
    {
      Board::Line line(board);
      line.Show(fmt::format("{}: activating generation {}", outcome.target.name,
                            outcome.push.staged.generation));
      Try(outcome, outcome.switch_seconds, [&] {
        Activate(outcome, options, agent, arguments.lock_wait_seconds, board.IoFor(line), board);
      });
    }
    report(outcome);
  });
  for (const HostOutcome* outcome : ready) {
    if (!outcome->switch_begun) {
      report(*outcome);
    }
  }
}

}  // namespace pusher
