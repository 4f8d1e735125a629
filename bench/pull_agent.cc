// A host that pulls once, for bench/publish: all of `activate pull` but systemd. An activation only
// makes the generation the current one.
//   pull_agent FETCH ROOT       prints one line of JSON: what it did, and what it took
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

#include "activator/pull/pull.h"
#include "activator/state/generations.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"

namespace {

// A fetch at the other end.
base::UniqueFd StartFetch(const std::string& program, pid_t& pid) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    base::FailErrno(errno, "a socket pair");
  }
  base::UniqueFd ours(ends[0]);
  const base::UniqueFd its(ends[1]);
  pid = ::fork();
  if (pid == 0) {
    ::dup2(its.get(), STDIN_FILENO);
    ::dup2(its.get(), STDOUT_FILENO);
    ::execl(program.c_str(), program.c_str(), nullptr);
    ::_exit(127);
  }
  return ours;
}

activator::PullSteps StepsOf(const std::string& fetch, const images::HostLayout& layout,
                             pid_t& pid) {
  activator::PullSteps out;
  out.connect = [&fetch, &pid] { return StartFetch(fetch, pid); };
  out.activate = [&layout](uint64_t number, const std::string&, const std::string&) {
    activator::Generation generation = activator::LoadGeneration(layout, number);
    generation.state = activator::GenerationState::kActive;
    activator::StoreGeneration(layout, generation);
    activator::SetCurrentGeneration(layout, number);
    return activator::ActivationEnd();
  };
  out.prepare_root = [](const images::HostLayout& root) {
    for (const std::string& path : {root.Generations(), root.Incoming(), root.Bin(), root.Pull()}) {
      base::MakeDirectories(path);
    }
  };
  out.probe_features = [] { return std::vector<std::string>{"erofs-lz4", "erofs-zstd"}; };
  out.machine_id = base::Sha256Of(layout.root()).ToHex().substr(0, 32);
  return out;
}

long PeakKiB(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return usage.ru_maxrss;
}

void Pull(const std::string& fetch, const std::string& root) {
  const images::HostLayout layout(root);
  pid_t pid = -1;
  const auto start = std::chrono::steady_clock::now();
  const activator::PullResult result = activator::RunPull(layout, {}, StepsOf(fetch, layout, pid));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (pid > 0) {
    ::waitpid(pid, nullptr, 0);
  }
  const auto& [channel, report] = *result.state.channels.begin();
  fmt::print(R"({{"seconds":{:.3f},"exit_code":{},"result":"{}","requests":{},"bytes":{},)"
             R"("agent_kib":{},"fetch_kib":{},"error":"{}"}})"
             "\n",
             took.count(), result.exit_code, images::NameOf(report.result), report.fetched.requests,
             report.fetched.bytes, PeakKiB(RUSAGE_SELF), PeakKiB(RUSAGE_CHILDREN),
             base::Printable(report.error.empty() ? result.not_reported : report.error, 200));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: pull_agent FETCH ROOT\n");
    return 2;
  }
  try {
    Pull(argv[1], argv[2]);
    return 0;
  } catch (const base::Error& error) {
    fmt::print(stderr, "pull_agent: {}\n", error.what());
    return 1;
  }
}
