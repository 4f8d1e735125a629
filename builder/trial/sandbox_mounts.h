// Builds the file system that a sandbox sees, and makes it the calling process's root.
#ifndef SLIPWAY_BUILDER_TRIAL_SANDBOX_MOUNTS_H_
#define SLIPWAY_BUILDER_TRIAL_SANDBOX_MOUNTS_H_

#include <string>
#include <vector>

#include "builder/trial/sandbox_plan.h"

namespace builder {

// For the first process of new mount, process and network namespaces. Returns notes for people:
// what is not as on a host. Throws Error{kFailed}.
std::vector<std::string> EnterRoot(const SandboxPlan& plan);

// From here on only root can make something in /run, as on a host.
void SealRun(const SandboxPlan& plan);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_SANDBOX_MOUNTS_H_
