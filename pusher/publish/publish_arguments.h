// The command lines of `imgpush publish` and `imgpush channel`.
#ifndef SLIPWAY_PUSHER_PUBLISH_PUBLISH_ARGUMENTS_H_
#define SLIPWAY_PUSHER_PUBLISH_PUBLISH_ARGUMENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/io.h"
#include "pusher/publish/head_edits.h"
#include "pusher/publish/host_verbs.h"
#include "store/open.h"

namespace pusher {

inline constexpr const char* kPublishCommand = "publish";
inline constexpr const char* kChannelCommand = "channel";

// Of a channel, back from the newest: what deltas are made against.
inline constexpr uint64_t kDeltaVersions = 5;

struct PublishArguments {
  std::string verb;  // of `channel`
  std::string store;
  std::string channel;                // of some verbs: empty
  std::vector<std::string> names;     // of images, or of hosts
  std::vector<std::string> channels;  // of enroll
  std::string images = "build/images";
  std::vector<std::string> keys;  // that sign; empty: the user's own
  std::string trust;              // a directory; empty: the heads of the own keys are believed
  store::Options store_options;
  EditOptions edit;
  RolloutChange rollout;
  bool programs = false;  // of hosts: put them, and name them in the head
  bool no_programs = false;
  uint64_t delta_versions = kDeltaVersions;
  bool plan = false;
  bool json = false;
};

// Both without the command itself. nullopt: --help was answered. Throw Error{kUsage}.
std::optional<PublishArguments> ParsePublish(const std::vector<std::string>& arguments,
                                             const base::Io& io);
std::optional<PublishArguments> ParseChannel(const std::vector<std::string>& arguments,
                                             const base::Io& io, HostVerbs& hosts);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_PUBLISH_ARGUMENTS_H_
