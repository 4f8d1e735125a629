// Finds the outcome of an activation in the records, by its id.
#ifndef SLIPWAY_ACTIVATOR_STATE_OUTCOME_H_
#define SLIPWAY_ACTIVATOR_STATE_OUTCOME_H_

#include <optional>
#include <string>

#include "base/io.h"
#include "images/version/host_layout.h"

namespace activator {

struct Outcome {
  int exit_code = 0;
  std::string said;  // one line for people
};

// nullopt: it changed nothing, or has not ended.
std::optional<Outcome> RecordedOutcome(const images::HostLayout& layout, const std::string& id);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_OUTCOME_H_
