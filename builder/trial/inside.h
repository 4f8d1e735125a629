// The first process of a sandbox: starts the service, follows it, asks its check, and tells the
// process outside what became of it.
#ifndef SLIPWAY_BUILDER_TRIAL_INSIDE_H_
#define SLIPWAY_BUILDER_TRIAL_INSIDE_H_

#include "builder/trial/sandbox_plan.h"

namespace builder {

struct InsideFds {
  int tell = -1;     // records: a kind, a text, NUL
  int control = -1;  // closed when we are to end
  int output = -1;   // the service's standard output and error
};

// Never returns; when this process ends, the kernel ends all others of its namespace.
[[noreturn]] void RunInside(const SandboxPlan& plan, const InsideFds& fds);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_INSIDE_H_
