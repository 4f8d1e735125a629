// Which versions of each application were healthy on this host, and when last: what `--rollback
// NAME` goes by. The generations say it; of those that a prune removed, ROOT/healthy.json does, as
// long as the version itself is there (docs/formats/generation.md).
#ifndef SLIPWAY_ACTIVATOR_STATE_HEALTHY_VERSIONS_H_
#define SLIPWAY_ACTIVATOR_STATE_HEALTHY_VERSIONS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/digest.h"
#include "images/version/host_layout.h"

namespace activator {

struct HealthyVersion {
  std::string name;
  base::Sha256 digest;          // of its manifest
  uint64_t sequence = 0;        // of the generation in which it was healthy last (generation.h)
  bool is_rolled_back = false;  // that generation was left by a rollback, and so was the version
};

using HealthyVersions = std::vector<HealthyVersion>;  // each once

// Throws Error{kVerification} where healthy.json is damaged.
HealthyVersions ReadHealthyVersions(const images::HostLayout& layout);

// The last healthy version of the application other than `now`; nullopt where there is none.
std::optional<base::Sha256> VersionBefore(const HealthyVersions& versions, const std::string& name,
                                          const std::optional<base::Sha256>& now);

// Writes healthy.json, durable: `versions` without those whose directory is in `gone`.
void StoreHealthyVersions(const images::HostLayout& layout, const HealthyVersions& versions,
                          const std::set<std::string>& gone);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_HEALTHY_VERSIONS_H_
