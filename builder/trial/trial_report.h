// A trial's report, for people and as JSON.
#ifndef SLIPWAY_BUILDER_TRIAL_TRIAL_REPORT_H_
#define SLIPWAY_BUILDER_TRIAL_TRIAL_REPORT_H_

#include <string>
#include <vector>

#include "builder/trial/trial.h"

namespace builder {

// Whether programs look for `path` wherever they run, and go on without it.
bool IsUsuallyMissing(const std::string& path);

// `all`: also what is usually missing, and every line of long lists.
std::string TrialText(const TrialReport& report, bool all);
// One array, with everything.
std::string TrialsJson(const std::vector<TrialReport>& reports);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_TRIAL_REPORT_H_
