// Which objects of a store go, and how publishers and pruners keep out of each other's way: pure
// functions on prune.json and the heads. docs/formats/channel.md has the protocol.
#ifndef SLIPWAY_IMAGES_CHANNEL_PRUNE_H_
#define SLIPWAY_IMAGES_CHANNEL_PRUNE_H_

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "images/channel/channel_head.h"
#include "images/channel/prune_record.h"

namespace images {

inline constexpr size_t kKeptVersions = 10;        // the last ones of a channel
inline constexpr std::chrono::days kKeptDays(30);  // and those that were made in them
// All by the store's clock, as its answers have it.
inline constexpr std::chrono::hours kDoomedFor(24);  // before a key may be deleted
// From when a publisher reads prune.json to when it swaps the head: less than kDoomedFor.
inline constexpr std::chrono::hours kPublishWithin(8);
// From Deletion::since to when the last request to delete is begun.
inline constexpr std::chrono::minutes kDeleteWithin(10);
// From Deletion::since to when another run takes it over: more than kDeleteWithin by far, since a
// request to delete may arrive late.
inline constexpr std::chrono::hours kTakeOverAfter(1);

// The heads of a channel: version -> head, the current one and all the copies of the store.
struct ChannelHeads {
  uint64_t current = 0;  // 0: no head is there yet
  std::map<uint64_t, ChannelHead> versions;
};
using StoreHeads = std::map<std::string, ChannelHeads>;  // by channel

// The versions whose objects are kept. One above the current is kept: its publisher was killed
// before it swapped the head, or is about to.
std::set<uint64_t> KeptVersions(const ChannelHeads& heads, TimePoint now);

// The keys that a head must find in the store; not those of deltas, which may be missing.
std::set<std::string> KeysOf(const ChannelHead& head);

// What some head still needs.
class NamedKeys {
 public:
  NamedKeys(const StoreHeads& heads, TimePoint now);
  bool Has(const std::string& key) const;

 private:
  std::set<std::string> keys_;
  std::set<std::string> deltas_;  // "deltas/NAME/NEWID/"
};

struct PruneStep {
  bool waits = false;  // another run is deleting: try again later; nothing else is set
  PruneRecord next;    // to swap in for the record that was read, unless it is the same
  // To delete once it is swapped in, while MayStillDelete(); then FinishDeletion.
  std::set<std::string> to_delete;
};

// `listed`: all keys of the store, and `heads` all its heads, both read after `record`. `now`: when
// `record` was read. `run`: this run's own 16 digits. Throws Error{kBusy} where a listed head is
// not in `heads`: what it names is not known.
PruneStep PlanPrune(const PruneRecord& record, const std::vector<std::string>& listed,
                    const StoreHeads& heads, TimePoint now, const std::string& run);

bool MayStillDelete(const Deletion& deletion, TimePoint now);

// The record after this run has deleted everything; nullopt: it is not this run's any more.
std::optional<PruneRecord> FinishDeletion(const PruneRecord& record, const std::string& run);

// What a publisher does about prune.json, after it has put its objects.
struct Claim {
  bool waits = false;                 // some are being deleted: wait, then put them anew
  std::optional<PruneRecord> next{};  // to swap in first; nullopt: nothing to do
};
Claim ClaimKeys(const PruneRecord& record, const std::set<std::string>& wanted);

// `began`: when prune.json was read for the claim. Asked just before the head is swapped, after it
// was seen that all wanted objects are there.
bool MayStillPublish(TimePoint began, TimePoint now);

}  // namespace images

#endif  // SLIPWAY_IMAGES_CHANNEL_PRUNE_H_
