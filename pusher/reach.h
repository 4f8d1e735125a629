// How a command line wants hosts to be reached: by which ssh, with how much patience.
#ifndef SLIPWAY_PUSHER_REACH_H_
#define SLIPWAY_PUSHER_REACH_H_

#include <functional>
#include <string>

#include "base/io.h"
#include "hosts/progress_display.h"
#include "pusher/arguments.h"
#include "pusher/ssh/remote.h"

namespace pusher {

// As the command line and, for this host, the list of hosts say.
RemoteOptions RemoteOptionsOf(const Arguments& arguments, const Destination& target);

// Whether ssh may ask on the terminal: the questions of several at once would be in each other's
// way.
bool MayAsk(const Arguments& arguments, const base::Io& io);

// Does `connect`, and again after a pause where it throws NotReached, as often as the arguments
// say: many at once may be too many for a host that all of them jump over (MaxStartups). What a
// slow login prints is shown where `io` is a terminal.
void Reach(const Destination& target, const Arguments& arguments, hosts::ProgressDisplay& board,
           const base::Io& io, const std::function<void(const RemoteOptions& options)>& connect);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_REACH_H_
