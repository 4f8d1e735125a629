// `activate pull` and `activate enroll`, and what an activation does about channels.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

#include "activator/activate.h"
#include "activator/host/install_self.h"
#include "activator/os/kernel_features.h"
#include "activator/pull/apply_set.h"
#include "activator/pull/enroll.h"
#include "activator/pull/override.h"
#include "activator/pull/pull.h"
#include "activator/pull/pull_files.h"
#include "activator/state/generations.h"
#include "activator/state/outcome.h"
#include "activator/state/root.h"
#include "activator/tool.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"

namespace activator {
namespace {

constexpr std::chrono::seconds kOverridePatience(10);  // of an activation, for a pull
constexpr size_t kMaxEnrollment = size_t{1} << 20;

// As a command line of its own, in a unit of its own.
ActivationEnd ActivateAsChannel(const images::HostLayout& layout, uint64_t generation,
                                const std::string& by, const std::string& id, const base::Io& io) {
  base::Io quiet = io;
  quiet.out = io.err;
  const std::vector<std::string> arguments = {
      "--root", layout.root(), "--generation", std::to_string(generation), "--by", by, "--id", id};
  try {
    const int exit_code = RunActivate(arguments, quiet);
    const std::optional<Outcome> outcome = RecordedOutcome(layout, id);
    const std::string why = outcome ? outcome->summary : "the activation failed, see the journal";
    return {exit_code, exit_code == 0 ? "" : why};
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    io.Err("activate: error: {}\n{}", error.what(), base::DetailText(error.detail()));
    return {static_cast<int>(error.code()), error.what()};
  }
}

std::string ReadInput(int fd) {
  std::string out;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t count = ::read(fd, part.data(), part.size());
    if (count < 0 && errno == EINTR) {
      base::ThrowIfInterrupted();
      continue;
    }
    if (count < 0) {
      base::FailErrno(errno, "cannot read what to enroll");
    }
    if (count == 0) {
      return out;
    }
    out.append(part.data(), static_cast<size_t>(count));
    if (out.size() > kMaxEnrollment) {
      base::Fail(base::ExitCode::kUsage, "what to enroll has more than {} bytes", kMaxEnrollment);
    }
  }
}

}  // namespace

int Tool::PullNow() {
  RequireRoot();
  RequireServices("pull");
  PullSteps steps;
  steps.connect = [] { return ConnectToFetch(); };
  steps.activate = [this](uint64_t generation, const std::string& by, const std::string& id) {
    return ActivateAsChannel(host_.layout, generation, by, id, io_);
  };
  steps.prepare_root = [](const images::HostLayout& layout) { PrepareRoot(layout); };
  steps.probe_features = &ProbeFeatures;
  steps.machine_id = ReadMachineId();
  const PullResult result =
      RunPull(host_.layout, {line_.channels, LockWait(std::chrono::milliseconds(0))}, steps);
  const std::string text = PulledText(result.state, result.polled);
  io_.WriteOut(line_.json ? PulledJson(result.state, result.polled) : text);
  if (!result.not_reported.empty() && text.find(result.not_reported) == std::string::npos) {
    io_.Err("activate: the store has no report of this: {}\n", result.not_reported);
  }
  return result.exit_code;
}

int Tool::EnrollHost() {
  RequireRoot();
  RequireServices("enroll");
  if (line_.remove) {
    io_.WriteOut(Unenroll(host_) ? "this host pulls from no channel any more\n"
                                 : "this host pulled from no channel\n");
    return 0;
  }
  const Enrollment enrollment = Enrollment::Parse(ReadInput(io_.in), "what to enroll");
  PrepareRoot(host_.layout);
  const bool is_new = Enroll(host_, enrollment, [this] { LinkThisAgent(host_.layout); });
  io_.Out("{} pulls from {}{}\n", enrollment.config.host, enrollment.config.store,
          is_new ? "" : ", as before");
  return 0;
}

// A pull in between would undo what is to be kept.
int Tool::StartKeeping() {
  std::optional<base::FileLock> no_pull;
  if (line_.overrides && base::Exists(ConfigFile(host_.layout))) {
    RequireRoot();
    no_pull.emplace(PullLock(host_.layout), "the pull of this host",
                    "activate --override, by " + line_.by, LockWait(kOverridePatience));
  }
  const int exit_code = Start();
  if (exit_code == 0 && !host_.is_folder && !gate_ && !IsByChannel(line_.by)) {
    TellChannels(line_.overrides);
  }
  return exit_code;
}

void Tool::TellChannels(bool keeps) {
  const auto now = host_.clock.Now();
  const std::vector<DiffersFromChannel> differences = FindDifferences(host_.layout, now);
  if (keeps) {
    Pin(host_.layout, differences, line_.by, now);
  }
  for (const auto& [application, channel] : differences) {
    if (keeps) {
      io_.Err("activate: {} is kept for {} hours, whatever channel {} has\n", application,
              images::kOverrideLasts.count(), channel);
    } else {
      io_.Err(
          "activate: channel {} has another {}, which comes back with the next poll: the same with "
          "--override keeps this one for {} hours\n",
          channel, application, images::kOverrideLasts.count());
    }
  }
}

}  // namespace activator
