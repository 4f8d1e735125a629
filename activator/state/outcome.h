// What became of a switch: said alike by the process that made it and, from the history, to whoever
// asks for it later under its id.
#ifndef SLIPWAY_ACTIVATOR_STATE_OUTCOME_H_
#define SLIPWAY_ACTIVATOR_STATE_OUTCOME_H_

#include <optional>
#include <string>

#include "activator/state/event.h"
#include "base/error.h"
#include "images/version/host_layout.h"

namespace activator {

// What the checks refused: nothing was changed.
bool IsRefusal(const Event& event);

struct Outcome {
  int exit_code = 0;
  std::string summary;         // one line: what happened, where and why
  base::Error::Detail detail;  // what was done about it
};

// nullopt: the event is not the end of an activation. `problem`: why what ran before did not come
// up again, where that is known.
std::optional<Outcome> OutcomeOf(const Event& event, const std::string& problem = "");

// nullopt: it changed nothing, or has not ended.
std::optional<Outcome> RecordedOutcome(const images::HostLayout& layout, const std::string& id);
// What whoever asks for it again is told instead of doing it twice. nullopt also where the checks
// refused it: that changed nothing, so they are made again.
std::optional<Outcome> FinalOutcome(const images::HostLayout& layout, const std::string& id);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_OUTCOME_H_
