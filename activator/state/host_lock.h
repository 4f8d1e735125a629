// Whether the host's lock is held, without taking it.
#ifndef SLIPWAY_ACTIVATOR_STATE_HOST_LOCK_H_
#define SLIPWAY_ACTIVATOR_STATE_HOST_LOCK_H_

#include <optional>

#include "images/version/host_layout.h"

namespace activator {

// Whether some process holds the host's lock just now; nullopt where we may not look.
std::optional<bool> IsLockHeld(const images::HostLayout& layout);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_HOST_LOCK_H_
