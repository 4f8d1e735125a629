// Creates the host's root directory if it is missing, and refuses it if another user could change
// what we run.
#ifndef SLIPWAY_ACTIVATOR_STATE_ROOT_H_
#define SLIPWAY_ACTIVATOR_STATE_ROOT_H_

#include "images/version/host_layout.h"

namespace activator {

// Throws Error{kFailed} that names what to do where something below ROOT is not the running user's,
// can be written by others, is a link (but in bin/) or neither file nor directory. Afterwards
// nobody else can put anything in our way there.
void CheckContents(const images::HostLayout& layout);

// The same of the folder of one application, which a first version of it is put into.
void CheckApplication(const images::HostLayout& layout, const std::string& name);

// A boot starts what was activated, whoever it belongs to by now.
enum class RootCheck { kContentsToo, kPathAlone };

// Changes nothing, and nothing has to be there. As root, throws Error{kFailed} that names the first
// component of ROOT's path that another user owns or can write (sticky directories are no
// exception), and what to do. As another user only ROOT itself is checked to be theirs.
void CheckRoot(const images::HostLayout& layout, RootCheck check = RootCheck::kContentsToo);

// The same; then makes ROOT, generations/, incoming/ and bin/ where missing.
void PrepareRoot(const images::HostLayout& layout, RootCheck check = RootCheck::kContentsToo);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_ROOT_H_
