#include "activator/receive/receive.h"

#include <unistd.h>

#include "activator/host/install_self.h"
#include "activator/os/kernel_features.h"
#include "activator/receive/confined_receive.h"
#include "activator/receive/receive_session.h"
#include "activator/receive/receive_trust.h"
#include "activator/stage/stage.h"
#include "activator/state/generations.h"
#include "activator/state/root.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "pusher/protocol/protocol.h"

namespace activator {
namespace {

// Nothing runs from a plain directory, so the directories above it are its owner's affair: /tmp and
// a home will do. It must be ours, though: in another user's, a link could lead us anywhere.
void PreparePlainDirectory(const images::HostLayout& layout) {
  base::MakeDirectories(layout.root());
  const std::optional<struct stat> found = base::StatIfThere(layout.root());
  if (!found || found->st_uid != ::geteuid() || (found->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    base::Fail(base::ExitCode::kFailed,
               "{} must be a directory of our own that nobody else can write: chown or chmod it, "
               "or choose another",
               layout.root());
  }
  CheckContents(layout);
  for (const std::string& directory : {layout.Generations(), layout.Incoming(), layout.Bin()}) {
    base::MakeDirectories(directory);
  }
  if (!IsDirectoryHost(layout)) {
    if (!GenerationNumbers(layout).empty()) {
      base::Fail(base::ExitCode::kFailed,
                 "{} is the root of a real host, whose services run from it; choose another folder",
                 layout.root());
    }
    base::WriteFileAtomically(layout.root() + "/" + kDirectoryHostMarker, "");
  }
}

void PrepareHost(const images::HostLayout& layout) {
  if (IsDirectoryHost(layout)) {
    base::Fail(base::ExitCode::kFailed, "{} was made by a push to a folder; choose another --root",
               layout.root());
  }
  PrepareRoot(layout);
}

// From now on the host's own `activate` must understand what is staged, also at a boot. Nothing
// points to a new one before: here it runs, and a plan or a push that fails changes nothing.
StagedGeneration StageOnHost(const images::HostLayout& layout,
                             const std::map<std::string, base::Sha256>& changes,
                             const std::string& by) {
  LinkThisAgent(layout);
  return StageGeneration(layout, changes, by);
}

}  // namespace

std::string ProtocolText() {
  return pusher::kProtocolMin == pusher::kProtocolMax
             ? fmt::format("protocol {}", pusher::kProtocolMax)
             : fmt::format("protocols {} to {}", pusher::kProtocolMin, pusher::kProtocolMax);
}

void RequireAllowed(const PushRules& rules, const std::map<std::string, base::Sha256>& versions) {
  if (rules.prepare) {
    rules.prepare();
  }
  for (const auto& [name, digest] : versions) {
    if (rules.check) {
      rules.check(name);
    }
  }
}

int RunReceive(const ReceiveOptions& options, const PlanCheck& check, const PushRules& rules,
               const base::Io& io) {
  if (options.set_trust) {
    const TrustSteps of_directory{&PreparePlainDirectory, [](const images::HostLayout&) {}};
    const TrustSteps of_host{&PrepareHost, &LinkThisAgent};
    return RunReceiveTrust(options, options.plain_directory ? of_directory : of_host, io);
  }
  if (options.plain_directory) {
    return RunReceiveWith(options, {&PreparePlainDirectory, &ProbeFeatures, &StageGeneration}, io);
  }
  const auto plan = [&](const images::HostLayout& layout, const PendingManifests& coming) {
    RealSystemd systemd;
    return PlanPush(layout, coming, HasSystemd() ? &systemd : nullptr, check);
  };
  const auto prepare = [&](const images::HostLayout& layout) {
    if (options.older) {
      RequireRootLogin("whether an older release is taken", "imgpush --older root@HOST");
    }
    PrepareHost(layout);
    if (rules.prepare) {
      rules.prepare();
    }
  };
  const auto stage = [&](const images::HostLayout& layout,
                         const std::map<std::string, base::Sha256>& changes,
                         const std::string& by) {
    RequireAllowed(rules, changes);
    // By a gate no push changes which program the host runs.
    StagedGeneration out =
        options.gate ? StageGeneration(layout, changes, by) : StageOnHost(layout, changes, by);
    if (rules.take) {
      out.notes = rules.take(changes, by);
    }
    return out;
  };
  const auto check_offer = [&](const OfferedVersion& offered) {
    if (rules.check) {
      rules.check(offered.name);
    }
  };
  const ReceiveSteps steps = {prepare, &ProbeFeatures, stage, plan, nullptr, check_offer};
  return options.gate ? RunConfinedReceive(options, steps, io) : RunReceiveWith(options, steps, io);
}

}  // namespace activator
