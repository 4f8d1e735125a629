// Brings a channel's set onto the host, and stages it with whatever else runs there.
#ifndef SLIPWAY_ACTIVATOR_PULL_APPLY_SET_H_
#define SLIPWAY_ACTIVATOR_PULL_APPLY_SET_H_

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "activator/pull/pull_run.h"
#include "activator/state/generation.h"
#include "activator/state/outcome.h"
#include "base/digest.h"
#include "images/channel/channel_types.h"
#include "images/channel/state_document.h"

namespace activator {

struct SetToApply {
  std::string channel;
  base::Sha256 digest;              // ChannelHead::SetDigest
  images::ChosenApps apps;          // as this host is to run them
  std::vector<std::string> remove;  // of the active ones

  bool Removes(const std::string& name) const {
    return std::ranges::find(remove, name) != remove.end();
  }
};

// What the records say of whoever does it.
std::string ByOf(const std::string& channel);
bool IsByChannel(const std::string& by);
std::string ChannelOf(const std::string& by);  // where it is

// The same for the same set and generation: whoever activates it again is told how it ended.
std::string ActivationIdOf(const SetToApply& set, uint64_t generation);

// Whether the active generation has exactly the set, beside what is not the channel's.
bool IsActive(const images::HostLayout& layout, const SetToApply& set);

// How this very set failed on this host, by the records: where the host went back from it, at once
// or after a boot, or could not even go back. That a switch was cut off says nothing of the set,
// unless it happens twice in a row.
std::optional<Outcome> RecordedFailure(const images::HostLayout& layout, const SetToApply& set);

// Returns the generation, staged, or the active one. fetch plays what is not active; what the host
// takes of it is what it takes of any peer, and nothing is staged but this set. Fills in what was
// fetched. Throws Error{kVerification} where something else came, Error{kBusy} where fetch failed.
uint64_t StageSet(PullRun& run, const SetToApply& set, images::Fetched& fetched);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_APPLY_SET_H_
