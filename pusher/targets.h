// Finds the hosts that a command line names, and the images that each of them gets.
#ifndef SLIPWAY_PUSHER_TARGETS_H_
#define SLIPWAY_PUSHER_TARGETS_H_

#include <string>
#include <vector>

#include "base/io.h"
#include "pusher/arguments.h"
#include "pusher/ssh/destination.h"

namespace pusher {

// In the order of the command line, each host once. Says on io.err which hosts of a group take none
// of the images. Throws Error{kUsage} for a host, group or image that there is not.
std::vector<Destination> ChooseTargets(const Arguments& arguments, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_TARGETS_H_
