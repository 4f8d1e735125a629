// Runs a service in namespaces of its own, which need neither systemd nor, where the kernel lets
// plain users make them, root: what the image holds, read-only; stand-ins for what it may write; no
// network but its own; no process of this machine's. It follows the unit's lines as far as
// namespaces can (docs/try.md has the list). One thread; no other may run in the process.
#ifndef SLIPWAY_BUILDER_TRIAL_SANDBOX_H_
#define SLIPWAY_BUILDER_TRIAL_SANDBOX_H_

#include "builder/trial/sandbox_plan.h"

namespace builder {

// Returns when the service ended, its check passed, or the limit is over; by then nothing that it
// started runs. The same where it throws: Error{kFailed}, the sandbox cannot be made;
// Error{kInterrupted}.
SandboxRecord RunInSandbox(const SandboxPlan& plan);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_SANDBOX_H_
