// What somebody else than the channel does with its applications: a push is refused unless it says
// --override, and what was done with it stays for 24 hours (images::HostMemory::Pin).
#ifndef SLIPWAY_ACTIVATOR_PULL_OVERRIDE_H_
#define SLIPWAY_ACTIVATOR_PULL_OVERRIDE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activator/receive/receive.h"
#include "activator/state/generation.h"
#include "base/digest.h"
#include "images/channel/channel_types.h"
#include "images/version/host_layout.h"

namespace activator {

// An application that a channel had this host run otherwise than the active generation does.
struct DiffersFromChannel {
  std::string application;
  std::string channel;
  bool operator==(const DiffersFromChannel&) const = default;
};
// What is said of one that an override keeps from now on.
std::string KeptText(const DiffersFromChannel& kept);

// The rules for one push. `overrides`: it may change them, and pins those that it does.
// A memory that cannot be read has no say: nothing of its channel is applied either. Without a
// configuration that can be read no push goes through but with `overrides`.
PushRules RulesForPush(const images::HostLayout& layout, bool overrides);

// Those that no override keeps. `before`: what was active before somebody changed it. What that
// changed differs, whatever the channel has written down, because a pull may be about to, and
// whatever is kept already.
std::vector<DiffersFromChannel> FindDifferences(const images::HostLayout& layout,
                                                images::TimePoint now,
                                                const std::optional<Apps>& before = std::nullopt);
void Pin(const images::HostLayout& layout, const std::vector<DiffersFromChannel>& differences,
         const std::string& by, images::TimePoint now);
// Throws Error{kBusy} where the generation changes an application that an override keeps from the
// channel. It counts under the host's lock, under which an activation makes its overrides, too.
void RequireNotKept(const images::HostLayout& layout, const std::string& channel,
                    uint64_t generation, images::TimePoint now);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_OVERRIDE_H_
