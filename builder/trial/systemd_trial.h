// Runs a service under this machine's systemd, in transient units with the lines that a host's
// have. Needs root. One thread.
#ifndef SLIPWAY_BUILDER_TRIAL_SYSTEMD_TRIAL_H_
#define SLIPWAY_BUILDER_TRIAL_SYSTEMD_TRIAL_H_

#include <string>

#include "builder/trial/sandbox_plan.h"
#include "builder/trial/stand_ins.h"
#include "images/version/image_directory.h"

namespace builder {

// `trial`: the service with its stand-ins, whose check has a whole URL. `folder`: an empty one,
// nobody else's. As RunInSandbox: nothing is left when it returns or throws.
SandboxRecord RunUnderSystemd(const images::ImageDirectory& image, const TrialService& trial,
                              std::chrono::seconds limit, const std::string& folder);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_SYSTEMD_TRIAL_H_
