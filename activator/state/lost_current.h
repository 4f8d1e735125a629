// Finds what `current` named, by the records, after somebody or a damaged file system removed it.
#ifndef SLIPWAY_ACTIVATOR_STATE_LOST_CURRENT_H_
#define SLIPWAY_ACTIVATOR_STATE_LOST_CURRENT_H_

#include <cstdint>

#include "images/version/host_layout.h"

namespace activator {

// kNoGeneration where `current` leads to a generation. Otherwise the one whose record says that it
// is active, the one found healthy last of several; kNoGeneration where none says so. Not to be
// asked while switch.json is there.
uint64_t LostCurrent(const images::HostLayout& layout);

// Makes `current` again; where it leads nowhere and no record says what was active, it goes. The
// caller holds the host's lock and has recovered. True: something was changed.
bool RepairCurrent(const images::HostLayout& layout);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_LOST_CURRENT_H_
