// What a host does after a poll of a channel. The rules, in their order, are in
// docs/formats/channel.md. Nothing is read, written or asked here.
#ifndef SLIPWAY_IMAGES_CHANNEL_DECISION_H_
#define SLIPWAY_IMAGES_CHANNEL_DECISION_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "images/channel/channel_head.h"
#include "images/channel/host_memory.h"
#include "images/channel/state_document.h"

namespace images {

// How far the publisher's clock may be ahead of the host's.
inline constexpr std::chrono::minutes kPublisherAhead(10);

struct PollingHost {
  std::string machine_id;
  std::vector<std::string> groups;
  HostAbilities abilities;
};

struct Poll {
  HostMemory memory;
  bool memory_counts = false;         // StillCounts() of its head
  std::optional<SignedHead> fresh{};  // CheckHeadSigners() let it pass; nullopt: the store's 304
  PollingHost host;
  ChosenApps active{};                             // of the active generation
  std::map<std::string, std::string> of_others{};  // application -> the other channel that has it
  TimePoint now;                                   // by the host's clock
  std::chrono::seconds clock_offset{0};            // the store's clock less the host's
};

enum class ActionKind {
  kNothing,  // the host runs what it should, or must not try again
  kWait,     // until `until`, or for another head
  kHeld,
  kStale,   // expired: nothing is staged, all goes on running
  kApply,   // stage and activate `set`, without `remove`, now
  kRefuse,  // `why`; all goes on running
};

struct Action {
  ActionKind kind = ActionKind::kNothing;
  ChannelResult result = ChannelResult::kActive;  // to report; with kApply, until it has ended
  std::string why{};                              // for people: one line; empty: nothing is wrong
  // The fresh head is to be remembered. Not where it was refused.
  bool adopt = false;
  uint64_t place = 0;
  std::optional<TimePoint> until{};   // by the host's clock, with kWait; nullopt: no wave has it
  bool urgent = false;                // with kApply
  bool programs = false;              // with kNothing: it is the host's turn to take the head's
  ChosenApps set{};                   // with kApply: what the channel has this host run
  std::vector<std::string> remove{};  // with kApply: applications that it has no more
  std::vector<std::string> pinned{};  // applications of the channel that an override keeps
};

Action Decide(const Poll& poll);

// Poll::of_others of channel `channel`: what the heads say that the host remembers of all channels.
std::map<std::string, std::string> ApplicationsOfOthers(const std::vector<HostMemory>& memories,
                                                        const std::string& channel);

}  // namespace images

#endif  // SLIPWAY_IMAGES_CHANNEL_DECISION_H_
