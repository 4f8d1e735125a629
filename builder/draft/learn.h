// What a trial teaches about a draft: ports, folders that the service writes, files that it lacks.
#ifndef SLIPWAY_BUILDER_DRAFT_LEARN_H_
#define SLIPWAY_BUILDER_DRAFT_LEARN_H_

#include "builder/draft/draft.h"
#include "builder/trial/trial.h"

namespace builder {

// Whether another trial of the draft, as it is afterwards, would differ.
bool Learn(const TrialReport& report, Draft& draft);

// What is not a field, as comments; after the last trial.
void NoteTrial(const TrialReport& report, Draft& draft);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_DRAFT_LEARN_H_
