// Which generation a command means, and rebasing one that was staged on another than the active
// one.
#ifndef SLIPWAY_ACTIVATOR_CHOOSE_H_
#define SLIPWAY_ACTIVATOR_CHOOSE_H_

#include <cstdint>
#include <string>

#include "images/host_layout.h"

namespace activator {

enum class Wanted { kNumber, kLatest, kRollback };

struct Choice {
  uint64_t number = 0;  // what to activate; 0: nothing is there to be done
  std::string note;     // for people: what was rebased, or why nothing is to be done; may be empty
};

// The caller holds the host's lock and has recovered.
//   kNumber    `number`. Never active yet and staged on another than the active one: its changes
//              are staged anew on the active one where no application was changed by both.
//   kLatest    the newest staged generation, likewise.
//   kRollback  the one that was active and healthy before the active one, passing over those that
//              were left by a rollback.
// Throws Error{kFailed} where there is none, Error{kStale} where both changed an application.
Choice ChooseGeneration(const images::HostLayout& layout, Wanted wanted, uint64_t number,
                        const std::string& by);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_CHOOSE_H_
