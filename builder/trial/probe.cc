#include "builder/trial/probe.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "activator/os/network_check.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

namespace builder {
namespace {

constexpr const char* kPassed = "+";  // of an answer; "" is none, from a process that died

std::string Ask(const images::Health& health, int network) {
  if (network >= 0 && ::setns(network, CLONE_NEWNET) != 0) {
    return "its network cannot be entered";
  }
  const activator::ProbeResult result =
      activator::AskOverNetwork(health, std::chrono::seconds(health.try_seconds));
  if (result.passed) {
    return kPassed;
  }
  return result.said.empty() ? result.problem : result.problem + ": " + result.said;
}

}  // namespace

Probe::Probe(const images::Health& health, int network) {
  base::Pipe pipe;
  answer_ = std::move(pipe.read);
  const base::UniqueFd to = std::move(pipe.write);
  pid_ = ::fork();
  if (pid_ < 0) {
    base::FailErrno(errno, "cannot start a process");
  }
  if (pid_ == 0) {
    try {
      base::WriteAll(to.get(), base::AsBytes(Ask(health, network)), "a pipe");
    } catch (const std::exception&) {  // then there is no answer
    }
    ::_exit(0);
  }
}

Probe::~Probe() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

std::optional<std::string> Probe::Answer() {
  std::string out;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(answer_.get(), buffer.data(), buffer.size());
    if (got > 0) {
      out.append(buffer.data(), static_cast<size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      break;
    }
  }
  if (out == kPassed) {
    return std::nullopt;
  }
  return out.empty() ? "it cannot be asked" : out;
}

}  // namespace builder
