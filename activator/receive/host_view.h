// The host as a session sees it, before the sender is listened to.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_HOST_VIEW_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_HOST_VIEW_H_

#include <functional>
#include <string>
#include <vector>

#include "activator/receive/receive_options.h"
#include "activator/state/held_versions.h"
#include "activator/state/version_locks.h"
#include "activator/trust/acceptance.h"

namespace activator {

struct HostView {
  std::vector<std::string> features;  // of the kernel
  std::vector<HeldVersion> held;
  VersionLocks locks;  // on those
  Acceptance acceptance;
};

// Behind a gate, what comes is in a folder of the operator's own below incoming/, which one session
// at a time writes to.
images::HostLayout LayoutOf(const ReceiveOptions& options);
// Where that folder is, with the lock of the session.
std::string GateFolder(const ReceiveOptions& options);

HostView LookAtHost(const ReceiveOptions& options,
                    const std::function<std::vector<std::string>()>& probe_features,
                    CheckElsewhere elsewhere = nullptr);

// The complete versions that whoever pushes may know of: behind a gate, their own.
std::vector<HeldVersion> VersionsToSee(const ReceiveOptions& options);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_HOST_VIEW_H_
