// The one way by which a channel gets a new head: docs/formats/channel.md, "A publisher". Killed at
// any place, it leaves what the next publish uses or repairs.
#ifndef SLIPWAY_PUSHER_PUBLISH_PUBLISHER_H_
#define SLIPWAY_PUSHER_PUBLISH_PUBLISHER_H_

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/io.h"
#include "images/channel/channel_head.h"
#include "pusher/publish/channel_objects.h"
#include "pusher/publish/file_upload.h"
#include "pusher/publish/head_edits.h"
#include "pusher/publish/image_upload.h"
#include "pusher/publish/lost_swaps.h"

namespace pusher {

// Puts what is published beside the images, such as deltas, and returns its keys. What fails there
// must not stop a publish.
using PutMore = std::function<std::set<std::string>(const std::optional<StoredHead>& current)>;

struct ChannelChange {
  std::string channel;
  HeadEdit edit;
  std::vector<ImageUpload> images{};
  PutMore put_more{};
  std::vector<FileUpload> programs{};
};

struct PublishResult {
  images::ChannelHead head;  // that the channel has now
  bool changed = false;      // false: it was so already
  uint64_t repaired = 0;     // the version whose publisher did not live to swap the head; 0: none
  uint64_t rounds = 1;       // more: others published meanwhile
  UploadCounts counts;
  UploadCounts deltas;  // not Publisher's: for whoever reports
};

// What a change would do.
struct PublishPlan {
  std::optional<StoredHead> current;        // what it would begin with, repaired if need be
  std::optional<images::ChannelHead> next;  // nullopt: nothing
  UploadCounts counts;
  UploadCounts deltas;  // not Publisher's; without bytes, which only making them tells
};

struct PublishPatience {
  std::chrono::seconds prune = std::chrono::minutes(15);  // that deletes what is needed
  store::RetryPolicy swaps = kSwapPolicy;                 // of prune.json, which others change
};

class Publisher {
 public:
  // Signs a head. May ask somebody.
  using Signer = std::function<images::SignedHead(const images::ChannelHead& head)>;

  // `objects` must outlive the object.
  Publisher(ChannelObjects& objects, Signer signer, const base::Io& io,
            PublishPatience patience = {});

  // Throws Error{kBusy} where others do not let it, Error{kVerification} where what the new head
  // would name is not in the store. Returns once the channel has it, and all is there.
  PublishResult Publish(const ChannelChange& change);
  // Writes nothing.
  PublishPlan Plan(const ChannelChange& change);

 private:
  std::optional<StoredHead> CurrentHead(const std::string& channel);
  std::optional<StoredHead> HeadToBe(const std::string& channel);
  std::optional<StoredHead> Repaired(const std::string& channel, std::optional<StoredHead> current);
  std::optional<images::ChannelHead> NextHead(const ChannelChange& change,
                                              const std::optional<StoredHead>& current) const;
  std::optional<images::TimePoint> Claim(const std::set<std::string>& keys);
  bool AreThere(const ChannelChange& change, const images::ChannelHead& head);
  bool Commit(const std::optional<StoredHead>& current, const images::SignedHead& next,
              images::TimePoint claimed);
  void SwapTo(std::optional<StoredHead> current, const images::SignedHead& next);
  void CheckPublished(const images::ChannelHead& head);
  bool PublishOnce(const ChannelChange& change);

  ChannelObjects& objects_;
  const Signer signer_;
  const base::Io io_;
  const PublishPatience patience_;
  PublishResult result_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_PUBLISHER_H_
