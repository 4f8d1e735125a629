// Creates the host's root directory if it is missing, and refuses it if another user could change
// what we run.
#ifndef SLIPWAY_ACTIVATOR_STATE_ROOT_H_
#define SLIPWAY_ACTIVATOR_STATE_ROOT_H_

#include "images/version/host_layout.h"

namespace activator {

// Makes ROOT, generations/, incoming/ and bin/ where missing. As root, throws Error{kFailed} that
// names the first component of ROOT's path that another user owns or can write (sticky directories
// are no exception), and what to do. As another user only ROOT itself is checked to be theirs.
void PrepareRoot(const images::HostLayout& layout);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_ROOT_H_
