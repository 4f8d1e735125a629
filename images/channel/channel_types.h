// What the documents of a channel are made of (docs/formats/channel.md).
#ifndef SLIPWAY_IMAGES_CHANNEL_CHANNEL_TYPES_H_
#define SLIPWAY_IMAGES_CHANNEL_CHANNEL_TYPES_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/digest.h"

namespace images {

inline constexpr uint64_t kMaxChannelVersion = 99'999'999;  // eight digits in a key
inline constexpr size_t kMaxChannelApps = 1000;

using TimePoint = std::chrono::system_clock::time_point;  // whole seconds in all documents

// What one host runs of a channel: application -> its manifest.
using ChosenApps = std::map<std::string, base::Sha256>;

// What a host was switched to for a channel.
struct AppliedSet {
  uint64_t version = 0;  // of the channel
  uint64_t generation = 0;
  ChosenApps apps;
  bool operator==(const AppliedSet&) const = default;
};

}  // namespace images

#endif  // SLIPWAY_IMAGES_CHANNEL_CHANNEL_TYPES_H_
