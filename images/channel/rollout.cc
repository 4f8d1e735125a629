#include "images/channel/rollout.h"

#include <algorithm>

#include "base/error.h"

namespace images {
namespace {

constexpr uint64_t kPlacesPerPercent = kPlaces / 100;

bool IsOneOf(const std::vector<std::string>& groups, const Wave& wave) {
  return std::ranges::any_of(wave.groups, [&](const std::string& group) {
    return std::ranges::find(groups, group) != groups.end();
  });
}

// How far into its wave's places from `first` up to `end` a host is, in the spread's time.
std::chrono::seconds Within(std::chrono::seconds spread, uint64_t place, uint64_t first,
                            uint64_t end) {
  const auto seconds = static_cast<uint64_t>(spread.count());
  return std::chrono::seconds(seconds * (place - first) / (end - first));
}

}  // namespace

uint64_t PlaceOf(std::string_view channel, std::string_view salt, std::string_view machine_id) {
  std::string text("slipway-rollout");
  for (const std::string_view part : {channel, salt, machine_id}) {
    text.append(1, '\0').append(part);
  }
  uint64_t rest = 0;
  for (const uint8_t byte : base::Sha256Of(text).bytes) {
    rest = (rest * 256 + byte) % kPlaces;
  }
  return rest;
}

RolloutStart StartOf(const ChannelHead& head, const std::vector<std::string>& groups,
                     uint64_t place) {
  const Rollout& rollout = head.rollout;
  if (place >= kPlaces) {
    base::Fail(base::ExitCode::kUsage, "there is no place {}: there are {}", place, kPlaces);
  }
  if (rollout.hold) {
    return {StartKind::kHeld, {}, 0};
  }
  if (rollout.urgent) {
    return {StartKind::kAt, head.created, 0};
  }
  uint64_t first = 0;
  for (size_t i = 0; i < rollout.waves.size(); ++i) {
    const Wave& wave = rollout.waves[i];
    const uint64_t end = wave.percent * kPlacesPerPercent;
    const TimePoint begin = head.created + wave.after;
    if (place < end) {  // and not before `first`, which is the end of the wave before
      return {StartKind::kAt, begin + Within(rollout.spread, place, first, end), i};
    }
    if (IsOneOf(groups, wave)) {  // its hosts have any place
      return {StartKind::kAt, begin + Within(rollout.spread, place, 0, kPlaces), i};
    }
    first = end;
  }
  return {StartKind::kInNoWave, {}, 0};
}

}  // namespace images
