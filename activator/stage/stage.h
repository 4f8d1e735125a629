// Staging: a new generation on top of the active one, its units rendered and durable, nothing
// started.
#ifndef SLIPWAY_ACTIVATOR_STAGE_STAGE_H_
#define SLIPWAY_ACTIVATOR_STAGE_STAGE_H_

#include <cstdint>
#include <map>
#include <string>

#include "base/digest.h"
#include "images/version/host_layout.h"

namespace activator {

struct StagedGeneration {
  uint64_t number = 0;
  bool created = false;  // false: the active or an already staged generation is exactly this one
  bool active = false;   // it is the active one: nothing is left to activate
};

// `changes`: application -> digest of the manifest of a complete version under `layout`. The caller
// holds the host's lock (images::HostLayout::Lock). `by` is who ("root from 10.0.0.1"), for the
// record. Throws Error{kFailed} where two applications would have a unit of the same name.
StagedGeneration StageGeneration(const images::HostLayout& layout,
                                 const std::map<std::string, base::Sha256>& changes,
                                 const std::string& by);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STAGE_STAGE_H_
