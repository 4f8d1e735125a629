#include "pusher/reach.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "base/interrupt.h"
#include "base/progress.h"
#include "base/random.h"
#include "hosts/choose_hosts.h"
#include "hosts/operator.h"

namespace pusher {
namespace {

// 1 s, 2 s, 4 s ... 30 s, more or less: hosts that failed together do not come together again.
void WaitBeforeAttempt(uint64_t failed) {
  const double seconds = std::min(30.0, std::exp2(static_cast<double>(failed) - 1));
  const double share =
      0.5 + static_cast<double>(std::stoul(base::RandomHex(2), nullptr, 16)) / 65536.0;
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds * share);
  while (std::chrono::steady_clock::now() < end) {
    base::ThrowIfInterrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

RemoteOptions RemoteOptionsOf(const Arguments& arguments, const Destination& target) {
  RemoteOptions out;
  out.ssh = arguments.ssh;
  out.host = {target.root, hosts::Operator(), target.agent_directory, {}, arguments.activate};
  out.host.sudo_password = arguments.sudo_password;
  out.rate = arguments.rate;
  if (arguments.connect_timeout_seconds) {
    out.login_limit = out.connect_timeout =
        std::chrono::seconds(*arguments.connect_timeout_seconds);
  }
  if (arguments.lock_wait_seconds) {
    out.host.agent_arguments = {"--lock-wait", std::to_string(*arguments.lock_wait_seconds)};
  }
  if (arguments.older) {
    out.host.agent_arguments.emplace_back("--older");
  }
  if (arguments.override_channel) {
    out.host.agent_arguments.emplace_back("--override");
  }
  if (!arguments.trust.empty()) {
    out.host.agent_arguments.emplace_back("--trust");
  }
  if (arguments.host_jobs > 0) {
    out.host.agent_arguments.insert(out.host.agent_arguments.end(),
                                    {"--host-jobs", std::to_string(arguments.host_jobs)});
  }
  return out;
}

bool MayAsk(const Arguments& arguments, const base::Io& io) {
  return io.in_is_terminal && io.err_is_terminal && !hosts::NamesSeveral(arguments.hosts_word);
}

void Reach(const Destination& target, const Arguments& arguments, hosts::ProgressDisplay& board,
           const base::Io& io, const std::function<void(const RemoteOptions& options)>& connect) {
  RemoteOptions options = RemoteOptionsOf(arguments, target);
  options.may_ask = MayAsk(arguments, io);
  if (io.err_is_terminal) {
    options.show = [&board, below_question = options.may_ask](const std::string& line) mutable {
      board.WriteErr((std::exchange(below_question, false) ? "\n" : "") + line + "\n");
    };
  }
  for (uint64_t failed = 0;;) {
    if (options.may_ask && io.status != nullptr) {
      io.status->Show("");  // ssh asks on a line of its own
    }
    try {
      return connect(options);
    } catch (const NotReached& error) {
      if (++failed > arguments.retries) {
        throw;
      }
      if (io.status != nullptr) {
        io.status->Show(fmt::format("{}: trying again: {}", target.name, error.what()));
      }
    }
    WaitBeforeAttempt(failed);
  }
}

}  // namespace pusher
