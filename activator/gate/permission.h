// What an operator of a gate may do. All throw Error{kVerification} that says what is not granted.
#ifndef SLIPWAY_ACTIVATOR_GATE_PERMISSION_H_
#define SLIPWAY_ACTIVATOR_GATE_PERMISSION_H_

#include <string>
#include <vector>

#include "activator/gate/gate.h"
#include "activator/state/generation.h"
#include "images/version/manifest.h"

namespace activator {

void RequireVerb(const GateOperator& who, Verb verb);
void RequireApplication(const GateOperator& who, const std::string& application);

// Where the paths of a manifest lead.
enum class Paths {
  kAsWritten,  // the host's files are not looked at
  kResolved    // a link among what is there must not lead elsewhere
};

// What the image asks of the host beyond the limits; empty: nothing.
std::vector<std::string> LimitProblems(const GateLimits& limits, const images::Manifest& manifest,
                                       Paths paths);
// An image that is offered.
void RequireLimits(const GateOperator& who, const images::Manifest& manifest);

// Between these generations the units of services that are not the operator's stay as they are.
// Another program than the one that wrote them may write them otherwise.
void RequireSameUnits(const GateOperator& who, const images::HostLayout& layout, uint64_t from,
                      uint64_t to);

// A switch between these sets of applications. `was_healthy`: the host ran the second one before.
// What changes is the operator's, and what it changes to is within the limits as it is stored.
void RequireSwitch(const GateOperator& who, const images::HostLayout& layout, const Apps& from,
                   const Apps& to, bool was_healthy);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_GATE_PERMISSION_H_
