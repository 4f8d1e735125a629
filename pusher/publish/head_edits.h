// What the verbs of `imgpush channel`, and `imgpush publish`, make of a channel's head: pure
// functions from the current head to the next, except that a rollback looks for an older one.
#ifndef SLIPWAY_PUSHER_PUBLISH_HEAD_EDITS_H_
#define SLIPWAY_PUSHER_PUBLISH_HEAD_EDITS_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "images/channel/channel_head.h"

namespace pusher {

inline constexpr std::chrono::days kHeadLasts(
    7);  // from now on, unless the head before lasts longer

// Of the head that is there (null: none yet), at that time. nullopt: it is as it should be. The
// channel and the version are the caller's to set. Throws Error{kUsage} where it makes no sense.
using HeadEdit = std::function<std::optional<images::ChannelHead>(
    const images::ChannelHead* current, images::TimePoint now)>;

struct EditOptions {
  std::optional<std::chrono::seconds> lasts{};  // from now on; nullopt: kHeadLasts
  bool urgent = false;                          // without waves
};

// Each application's variants replace those that it has of the same architectures.
HeadEdit EditToPublish(images::ChannelApps apps, EditOptions options);
// Throws Error{kUsage} for a name that the channel does not have.
HeadEdit EditToRemove(std::vector<std::string> names, EditOptions options);
HeadEdit EditToHold(bool hold, EditOptions options);
// The waves go on as they are.
HeadEdit EditToRenew(EditOptions options);
// The applications of an older head, for everybody at once. Which one is asked once the head that
// is there is known: it may have been repaired first.
using OldHeadChoice = std::function<images::ChannelHead(const images::ChannelHead& current)>;
HeadEdit EditToRollBack(OldHeadChoice choose, EditOptions options);

struct RolloutChange {
  std::optional<std::vector<images::Wave>> waves{};
  std::optional<std::chrono::seconds> spread{};
  std::optional<std::string> salt{};
  bool retry = false;  // sets that failed are tried again
};
// What hosts fetch beside applications.
struct ProgramsChange {
  bool remove = false;       // what the head names
  images::Programs agent{};  // replace those for the same architectures
  images::Programs fetch{};
};
HeadEdit EditToSet(RolloutChange change, ProgramsChange programs, EditOptions options);

// "@canary,10%+1h,100%+24h": in each wave groups, the percentage of all hosts that it ends with,
// and when it begins; what is left out is as in the wave before. Throws Error{kUsage}.
std::vector<images::Wave> ParseWaves(const std::string& text);
std::string WavesText(const std::vector<images::Wave>& waves);
// "90s", "2m", "6h", "7d", or seconds. Throws Error{kUsage} that begins with `what`.
std::chrono::seconds ParseDuration(const std::string& text, const std::string& what);
std::vector<std::string> Split(const std::string& text, char separator);
// The shortest such text.
std::string DurationText(std::chrono::seconds duration);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_HEAD_EDITS_H_
