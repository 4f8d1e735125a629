// `activate pull` and `activate enroll`, and what an activation does about channels.
#include <chrono>
#include <optional>

#include "activator/activate.h"
#include "activator/host/install_self.h"
#include "activator/input.h"
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

namespace activator {
namespace {

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
    const bool tells = outcome && outcome->exit_code == exit_code;
    const std::string why =
        tells ? outcome->summary
              : fmt::format(
                    "the activation of generation {} ended with {}: journalctl -u "
                    "slipway-pull says why",
                    generation, exit_code);
    return {exit_code, exit_code == 0 ? "" : why};
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    io.Err("activate: error: {}\n{}", error.what(), base::DetailText(error.detail()));
    return {static_cast<int>(error.code()), error.what()};
  }
}

// The way out of a damaged record must not need it.
Apps WhatIsActive(const images::HostLayout& layout) {
  try {
    return ActiveApps(layout);
  } catch (const base::Error&) {
    return {};
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
  steps.require_healthy = [this] { RequireHealthyNow(); };
  steps.prepare_root = [](const images::HostLayout& layout) { PrepareRoot(layout); };
  steps.probe_features = &ProbeFeatures;
  steps.machine_id = ReadMachineId();
  const PullResult result =
      RunPull(host_.layout,
              {line_.channels, LockWait(std::chrono::milliseconds(0)), line_.end_overrides}, steps);
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
  const std::string text = ReadInput(io_.in, kMaxEnrollment, "what to enroll");
  if (text.size() > kMaxEnrollment) {
    base::Fail(base::ExitCode::kUsage, "what to enroll has more than {} bytes", kMaxEnrollment);
  }
  const Enrollment enrollment = Enrollment::Parse(text, "what to enroll");
  PrepareRoot(host_.layout);
  const bool is_new = Enroll(host_, enrollment, [this] { LinkThisAgent(host_.layout); });
  io_.Out("{} pulls from {}{}\n", enrollment.config.host, enrollment.config.store,
          is_new ? "" : ", as before");
  return 0;
}

// Under the host's lock, before a pull can undo what is to be kept. `before`: what was active
// before this activation.
void Tool::TellChannels(const Apps& before) {
  const auto now = host_.clock.Now();
  const std::vector<DiffersFromChannel> differences =
      FindDifferences(host_.layout, now, line_.overrides ? std::optional(before) : std::nullopt);
  if (line_.overrides) {
    activator::Pin(host_.layout, differences, line_.by, now);
  }
  for (const DiffersFromChannel& one : differences) {
    if (line_.overrides) {
      io_.Err("activate: {}\n", KeptText(one));
    } else {
      io_.Err(
          "activate: channel {} has another {}, which comes back with the next poll: the same with "
          "--override keeps this one for {} hours\n",
          one.channel, one.application, images::kOverrideLasts.count());
    }
  }
}

// However it ends: what became active is what is to be kept.
void Tool::ActivateBesideChannels() {
  if (gate_ || !base::Exists(ConfigFile(host_.layout))) {
    Activate(host_, Request());
    return;
  }
  if (IsByChannel(line_.by) && line_.target->kind == TargetKind::kNumber) {
    RequireNotKept(host_.layout, ChannelOf(line_.by), line_.target->number, host_.clock.Now());
    Activate(host_, Request());
    return;
  }
  const Apps before = WhatIsActive(host_.layout);
  try {
    Activate(host_, Request());
  } catch (const base::Error&) {
    try {
      if (WhatIsActive(host_.layout) != before) {
        TellChannels(before);
      }
    } catch (const base::Error& error) {
      io_.Err("activate: nothing is kept from the channels: {}\n", error.what());
    }
    throw;
  }
  TellChannels(before);
}

}  // namespace activator
