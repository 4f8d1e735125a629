// A host to push to: how to reach it, and the images that it gets.
#ifndef SLIPWAY_PUSHER_SSH_DESTINATION_H_
#define SLIPWAY_PUSHER_SSH_DESTINATION_H_

#include <memory>
#include <string>
#include <vector>

#include "hosts/destination.h"
#include "images/version/host_layout.h"
#include "images/version/image_directory.h"

namespace pusher {

// Hosts that get the same images share them: each is opened once.
using SharedImages = std::shared_ptr<const std::vector<images::ImageDirectory>>;

struct Destination {
  std::string name;         // for people: as listed, or as written
  std::string destination;  // what ssh is given, or dir:PATH
  SharedImages images;      // at least one
  std::string root = images::kDefaultRoot;
  std::string agent_directory{};  // empty: ROOT/bin
  bool gate = false;              // its login runs `activate gate`, and no shell
  std::vector<std::string> groups{};
};

using hosts::CheckHost;
using hosts::FolderOf;

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_DESTINATION_H_
