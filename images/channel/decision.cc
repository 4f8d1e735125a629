#include "images/channel/decision.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "images/channel/rollout.h"

namespace images {
namespace {

// What a store says must not lead beyond the times that can be counted.
constexpr std::chrono::hours kMaxOffset(std::chrono::hours(24) * 365 * 50);

// By the store's clock.
TimePoint StoreTime(const Poll& poll) {
  return poll.now + std::clamp<std::chrono::seconds>(poll.clock_offset, -kMaxOffset, kMaxOffset);
}

Action Refused(Action action, std::string why) {
  action.kind = ActionKind::kRefuse;
  action.result = ChannelResult::kFailed;
  action.why = std::move(why);
  return action;
}

// The later of what the host's and the store's clock say, and never before a head that was signed:
// a store must not make an expired head look fresh.
TimePoint LatestTime(const Poll& poll) {
  const TimePoint now = std::max(poll.now, StoreTime(poll));
  return poll.memory_counts && poll.memory.head ? std::max(now, poll.memory.head->head.head.created)
                                                : now;
}

// Why the fresh head is not taken; empty: it is.
std::string WhyNotTaken(const Poll& poll) {
  const ChannelHead& fresh = poll.fresh->head;
  if (fresh.channel != poll.memory.channel) {
    return fmt::format("what the store has as channel {} is channel {}: publish it anew",
                       poll.memory.channel, fresh.channel);
  }
  if (const TimePoint now = std::max(poll.now, StoreTime(poll));
      fresh.created > now + kPublisherAhead) {
    return fmt::format(
        "{} was made at {}, and here it is {}: set the clock of this host or of "
        "the publisher",
        fresh.Subject(), base::ToIso8601(fresh.created), base::ToIso8601(now));
  }
  if (!poll.memory_counts || !poll.memory.head) {
    return "";
  }
  const SignedHead& before = poll.memory.head->head;
  if (fresh.version < before.head.version) {
    return fmt::format("{} is older than {}, which this host has seen: an older one is not taken",
                       fresh.Subject(), before.head.version);
  }
  if (fresh.version == before.head.version && poll.fresh->line != before.line) {
    return fmt::format(
        "{} is another one than the version {} that this host has seen: publish a "
        "higher version",
        fresh.Subject(), before.head.version);
  }
  return "";
}

bool IsPinned(const Poll& poll, const std::string& application) {
  const auto found = poll.memory.overrides.find(application);
  return found != poll.memory.overrides.end() && found->second.until > poll.now;
}

// Fills in what the host is to run, and what not.
void ChooseSet(const Poll& poll, const ChannelHead& head, Action& action) {
  for (const auto& [name, variants] : head.apps) {
    if (IsPinned(poll, name)) {
      action.pinned.push_back(name);
    } else {
      action.set[name] = ChooseVariant(name, variants, poll.host.abilities).manifest_sha256;
    }
  }
  if (!poll.memory.applied) {
    return;
  }
  for (const auto& [name, digest] : poll.memory.applied->apps) {
    if (head.apps.contains(name) || poll.of_others.contains(name) || !poll.active.contains(name)) {
      continue;
    }
    (IsPinned(poll, name) ? action.pinned : action.remove).push_back(name);
  }
}

bool RunsIt(const Poll& poll, const Action& action) {
  return action.remove.empty() && std::ranges::all_of(action.set, [&](const auto& app) {
           const auto found = poll.active.find(app.first);
           return found != poll.active.end() && found->second == app.second;
         });
}

bool IsItsTurn(const Poll& poll, const ChannelHead& head, const RolloutStart& start) {
  return start.kind == StartKind::kAt && (head.rollout.urgent || start.at <= StoreTime(poll));
}

Action ByWaves(const Poll& poll, const ChannelHead& head, Action action) {
  const RolloutStart start = StartOf(head, poll.host.groups, action.place);
  if (start.kind == StartKind::kHeld) {
    action.kind = ActionKind::kHeld;
    action.result = ChannelResult::kHeld;
    return action;
  }
  action.result = ChannelResult::kWaiting;
  if (IsItsTurn(poll, head, start)) {
    action.kind = ActionKind::kApply;
    action.urgent = head.rollout.urgent;
    return action;
  }
  action.kind = ActionKind::kWait;
  if (start.kind == StartKind::kAt) {
    action.until = start.at - (StoreTime(poll) - poll.now);
  }
  return action;
}

// What is left to decide about a head that is taken and has not expired.
Action ForHead(const Poll& poll, const ChannelHead& head, Action action) {
  for (const auto& [name, variants] : head.apps) {
    if (const auto other = poll.of_others.find(name); other != poll.of_others.end()) {
      return Refused(action, fmt::format("{} is in channel {} and in channel {}: take it out of "
                                         "one of them",
                                         name, head.channel, other->second));
    }
  }
  try {
    ChooseSet(poll, head, action);
  } catch (const base::Error& error) {
    return Refused(action, fmt::format("{}: {}", head.Subject(), error.what()));
  }
  if (RunsIt(poll, action)) {
    action.result = action.pinned.empty() ? ChannelResult::kActive : ChannelResult::kOverridden;
    action.programs = IsItsTurn(poll, head, StartOf(head, poll.host.groups, action.place));
    return action;
  }
  if (poll.memory.HasFailed(head.SetDigest())) {
    action.result = ChannelResult::kRolledBack;
    action.why = fmt::format(
        "{} failed on this host and is not tried again: publish another set, "
        "or this one with another retry",
        head.Subject());
    return action;
  }
  return ByWaves(poll, head, action);
}

}  // namespace

Action Decide(const Poll& poll) {
  Action action;
  const bool remembers = poll.memory.head && poll.memory_counts;
  if (poll.fresh) {
    if (std::string why = WhyNotTaken(poll); !why.empty()) {
      return Refused(action, std::move(why));
    }
    action.adopt = true;
  } else if (!remembers) {
    return Refused(action, fmt::format("the store says that channel {} is as before, and this host "
                                       "has no head of it that is trusted: poll it anew",
                                       poll.memory.channel));
  }
  const ChannelHead& head = poll.fresh ? poll.fresh->head : poll.memory.head->head.head;
  action.place = PlaceOf(head.channel, head.rollout.salt, poll.host.machine_id);
  if (LatestTime(poll) >= head.expires) {
    action.kind = ActionKind::kStale;
    action.result = ChannelResult::kStale;
    action.why =
        fmt::format("{} expired at {}: publish it anew with imgpush channel renew STORE {}",
                    head.Subject(), base::ToIso8601(head.expires), head.channel);
    return action;
  }
  return ForHead(poll, head, action);
}

std::map<std::string, std::string> ApplicationsOfOthers(const std::vector<HostMemory>& memories,
                                                        const std::string& channel) {
  std::map<std::string, std::string> out;
  for (const HostMemory& memory : memories) {
    if (memory.channel == channel || !memory.head) {
      continue;
    }
    for (const auto& [name, variants] : memory.head->head.head.apps) {
      out.emplace(name, memory.channel);
    }
  }
  return out;
}

}  // namespace images
