// Finds the hosts that a command line names, and the images that each of them gets.
#ifndef SLIPWAY_PUSHER_TARGETS_H_
#define SLIPWAY_PUSHER_TARGETS_H_

#include <string>
#include <vector>

#include "base/io.h"
#include "pusher/arguments.h"
#include "pusher/ssh/destination.h"

namespace pusher {

// The hosts alone, without images: in the order of the command line, each once. Throws
// Error{kUsage} for a host or group that there is not.
std::vector<Destination> ChooseHosts(const Arguments& arguments);

// The same with images. Says on io.err which hosts of a group take none
// of the images. Throws Error{kUsage} for an image that there is not, too.
std::vector<Destination> ChooseTargets(const Arguments& arguments, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_TARGETS_H_
