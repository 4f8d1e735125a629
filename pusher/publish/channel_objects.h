// The documents of channels in a store, as whoever publishes, shows or prunes them reads and swaps
// them. docs/formats/channel.md is the authority on what they are.
#ifndef SLIPWAY_PUSHER_PUBLISH_CHANNEL_OBJECTS_H_
#define SLIPWAY_PUSHER_PUBLISH_CHANNEL_OBJECTS_H_

#include <optional>
#include <string>
#include <vector>

#include "images/channel/channel_head.h"
#include "images/channel/prune.h"
#include "images/channel/prune_record.h"
#include "images/channel/state_document.h"
#include "pusher/publish/head_judge.h"
#include "store/store.h"

namespace pusher {

struct StoredHead {
  images::SignedHead signed_head;
  std::string version;  // of the object
  const images::ChannelHead& head() const { return signed_head.head; }
};

struct StoredRecord {
  images::PruneRecord record;
  std::string version;  // of the object; empty: there is none
};

class ChannelObjects {
 public:
  // The store must outlive the object.
  ChannelObjects(store::Store& store, HeadJudge judge);

  store::Store& store() { return store_; }
  // What the store's clock says, as far as it has told it.
  images::TimePoint Now() const;

  // Of a head, nullopt: there is none. Throw Error{kVerification} for one that is damaged, of
  // another channel or version, or not believed.
  std::optional<StoredHead> ReadHead(const std::string& channel);
  // A copy of the history, by keys that were valid when it was made.
  std::optional<images::SignedHead> ReadCopy(const std::string& channel, uint64_t version);
  // One that is to become the head: by keys that are valid now.
  std::optional<images::SignedHead> ReadNewCopy(const std::string& channel, uint64_t version);
  // The versions that have a copy, ascending.
  std::vector<uint64_t> CopiesOf(const std::string& channel);
  // Those that have a head or a copy, sorted.
  std::vector<std::string> Channels();

  // Replaces what was read, or nothing; false: it is not there any more.
  bool SwapHead(const std::string& channel, const std::optional<StoredHead>& before,
                const std::string& text);
  StoredRecord ReadPruneRecord();
  bool SwapPruneRecord(const StoredRecord& before, const images::PruneRecord& next);

 private:
  std::optional<images::SignedHead> ReadCopyAt(const std::string& channel, uint64_t version,
                                               std::optional<images::TimePoint> at);
  images::SignedHead Judged(const store::Object& object, const std::string& key,
                            const std::string& channel, std::optional<images::TimePoint> at) const;
  std::string Where(const std::string& key) const { return store_.location() + "/" + key; }

  store::Store& store_;
  const HeadJudge judge_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_CHANNEL_OBJECTS_H_
