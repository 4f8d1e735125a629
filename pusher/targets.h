// Which hosts a command line means, and which images each of them gets.
#ifndef SLIPWAY_PUSHER_TARGETS_H_
#define SLIPWAY_PUSHER_TARGETS_H_

#include <memory>
#include <string>
#include <vector>

#include "base/io.h"
#include "images/image_directory.h"
#include "pusher/arguments.h"

namespace pusher {

// Hosts that get the same images share them: each is opened once.
using SharedImages = std::shared_ptr<const std::vector<images::ImageDirectory>>;

struct Target {
  std::string name;         // for people: as listed, or as written
  std::string destination;  // what ssh is given, or dir:PATH
  SharedImages images;      // at least one
};

// In the order of the command line, each host once. Says on io.err which hosts of a group take none
// of the images. Throws Error{kUsage} for a host, group or image that there is not.
std::vector<Target> ChooseTargets(const Arguments& arguments, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_TARGETS_H_
