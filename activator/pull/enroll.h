// `activate enroll`: makes this host pull from channels, or no more.
#ifndef SLIPWAY_ACTIVATOR_PULL_ENROLL_H_
#define SLIPWAY_ACTIVATOR_PULL_ENROLL_H_

#include <functional>
#include <string>
#include <vector>

#include "activator/host/host.h"
#include "activator/pull/pull_config.h"

namespace activator {

// `link_agent`: makes this program the one that the units run (LinkThisAgent).
// False: all was so already. Interrupted, it is repeated. Afterwards the timer waits and the socket
// listens, which was looked at. Throws Error{kUsage} for what systemd does not take as a time,
// Error{kVerification} where the host trusts nobody, Error{kFailed} where units do not survive a
// reboot or one of them is masked.
bool Enroll(const Host& host, const Enrollment& enrollment,
            const std::function<void()>& link_agent);

// False: the host pulled from no channel. The applications run on, and which versions of channels
// were seen stays.
bool Unenroll(const Host& host);

// For an uninstall: the units that Unenroll would remove.
std::vector<std::string> InstalledPullUnits(const Host& host);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_ENROLL_H_
