// What systemd gives a service besides its files: sockets that are open already, and one to say
// that it is ready. For the processes inside a sandbox.
#ifndef SLIPWAY_BUILDER_TRIAL_SOCKETS_H_
#define SLIPWAY_BUILDER_TRIAL_SOCKETS_H_

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace builder {

inline constexpr const char* kNotifySocket = "/run/slipway-notify";

// Brings the network's own interface up. Throws Error{kFailed}, as all here do.
void RaiseLoopback();

// A socket that listens at an entry of "listen".
base::UniqueFd Listen(const std::string& text);

// Puts the sockets where sd_listen_fds(3) looks for them, for the calling process.
void PassSockets(const std::vector<base::UniqueFd>& sockets,
                 std::map<std::string, std::string>& environment);

// A socket at kNotifySocket that everybody may write to.
base::UniqueFd ReceiveNotifications();
// The processes of which READY=1 came meanwhile.
std::vector<pid_t> SayReady(int socket);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_SOCKETS_H_
