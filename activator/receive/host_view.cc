#include "activator/receive/host_view.h"

#include <utility>

#include "base/clock.h"
#include "base/file.h"

namespace activator {

std::string GateFolder(const ReceiveOptions& options) {
  return images::HostLayout(options.root).Incoming() + "/gate-" + options.gate->name;
}

images::HostLayout LayoutOf(const ReceiveOptions& options) {
  const images::HostLayout out(options.root);
  return options.gate ? out.WithIncoming(GateFolder(options) + "/files") : out;
}

std::vector<HeldVersion> VersionsToSee(const ReceiveOptions& options) {
  std::vector<HeldVersion> out = CompleteVersions(images::HostLayout(options.root));
  if (options.gate) {
    std::erase_if(out, [&](const HeldVersion& one) { return !options.gate->Has(one.name); });
  }
  return out;
}

HostView LookAtHost(const ReceiveOptions& options,
                    const std::function<std::vector<std::string>()>& probe_features,
                    CheckElsewhere elsewhere) {
  const images::HostLayout layout(options.root);
  Acceptance acceptance(layout, options.older ? OlderReleases::kTaken : OlderReleases::kRefused,
                        base::SystemClock(), std::move(elsewhere));
  std::vector<std::string> features;
  if (!options.plain_directory) {
    features = probe_features();
  }
  std::vector<HeldVersion> held = VersionsToSee(options);
  VersionLocks locks(layout);  // from here on no prune takes them away
  std::erase_if(held, [&](const HeldVersion& image) {
    return !locks.Share(image.id) || !base::Exists(image.path);
  });
  return {std::move(features), std::move(held), std::move(locks), std::move(acceptance)};
}

}  // namespace activator
