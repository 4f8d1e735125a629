// A trial of a built image: one of its services runs for a while as on a host, and what it looked
// for, wrote and opened is reported. Leaves nothing behind.
#ifndef SLIPWAY_BUILDER_TRIAL_TRIAL_H_
#define SLIPWAY_BUILDER_TRIAL_TRIAL_H_

#include <chrono>
#include <string>
#include <vector>

#include "base/io.h"
#include "builder/trial/sandbox_plan.h"
#include "images/version/image_directory.h"

namespace builder {

enum class TrialPlace { kSystemd, kNamespacesAsRoot, kNamespaces };

struct WrittenFolder {
  std::string path;                // as the service sees it
  std::vector<std::string> files;  // below it, as the service sees them, sorted
};

struct TrialReport {
  std::string service;
  images::Health health;  // its URL is whole
  std::chrono::seconds limit{0};
  TrialPlace place = TrialPlace::kNamespaces;
  SandboxRecord record;
  std::vector<WrittenFolder> written;    // only those with content
  std::vector<std::string> not_applied;  // options of the unit, sorted
};

// The best place that this machine has for the calling user.
TrialPlace PlaceHere(bool use_systemd);

struct TrialOptions {
  std::chrono::seconds limit{10};
  bool until_listening = false;  // in namespaces: as SandboxPlan has it
  TrialPlace place = TrialPlace::kNamespaces;
};

// Needs an image that MountPointsOf was applied to, as every built one. Throws Error{kFailed} where
// there can be no trial; what becomes of the service is in the report.
TrialReport TryService(const images::ImageDirectory& image, const std::string& service,
                       const TrialOptions& options, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_TRIAL_H_
