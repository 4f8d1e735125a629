// When a host starts with a head: its place among all hosts, and the waves. The rule, with an
// example that can be followed by hand, is in docs/formats/channel.md.
#ifndef SLIPWAY_IMAGES_CHANNEL_ROLLOUT_H_
#define SLIPWAY_IMAGES_CHANNEL_ROLLOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "images/channel/channel_head.h"

namespace images {

inline constexpr uint64_t kPlaces = 10'000;  // a hundredth of a percent each

// From 0 to kPlaces - 1: of the SHA-256 of "slipway-rollout\0" CHANNEL "\0" SALT "\0" MACHINE-ID,
// as a number whose first byte counts most, what is left after a division by kPlaces.
uint64_t PlaceOf(std::string_view channel, std::string_view salt, std::string_view machine_id);

enum class StartKind { kAt, kHeld, kInNoWave };

struct RolloutStart {
  StartKind kind = StartKind::kAt;
  TimePoint at;     // with kAt, whole seconds; of an urgent head when it was created
  size_t wave = 0;  // with kAt: the host's, from 0
  bool operator==(const RolloutStart&) const = default;
};

// Of a host of these groups and that place.
RolloutStart StartOf(const ChannelHead& head, const std::vector<std::string>& groups,
                     uint64_t place);

}  // namespace images

#endif  // SLIPWAY_IMAGES_CHANNEL_ROLLOUT_H_
