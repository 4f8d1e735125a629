// The sender's side of a plan and of a push: flat lists of passes, from the host's greeting to the
// plan or the staged generation. docs/formats/protocol.md has the order of the messages.
#ifndef SLIPWAY_PUSHER_SESSION_PUSH_SESSION_H_
#define SLIPWAY_PUSHER_SESSION_PUSH_SESSION_H_

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/io.h"
#include "base/log.h"
#include "images/version/image_directory.h"
#include "pusher/delta/delta_base.h"
#include "pusher/delta/image_send_state.h"
#include "pusher/protocol/planned.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/wire.h"

namespace pusher {

struct PushedImage {
  std::string name;
  std::string id;
  uint64_t image_bytes = 0;
  bool already_there = false;
  bool repaired = false;      // it was there, damaged
  uint64_t chunks_total = 0;  // distinct; 0 where it was there already
  uint64_t chunks_sent = 0;   // as they are or in deltas
  uint64_t chunks_as_delta = 0;
  uint64_t chunks_failed = 0;  // of those: did not come out on the host, and were sent again
  std::string basis;           // NAME/ID that the deltas are against; empty: there were none
};

struct PushOptions {
  bool deltas = true;
  bool pack = true;           // chunks, where that makes them smaller
  SendCache* work = nullptr;  // what other pushes share; null: none do
};

struct PushResult {
  std::vector<PushedImage> images;
  Staged staged;
};

// What a push of one image would do.
struct PlannedImage {
  PushedImage image;  // chunks_sent and chunks_as_delta as they would be
  std::string version;
  uint64_t send_bytes = 0;    // of sent_bytes
  std::string why_no_deltas;  // for people; empty where there are some, or none are to be expected
  PlannedChange change;
};

struct PushPlan {
  std::vector<PlannedImage> images;
  uint64_t send_bytes = 0;  // exactly what the push would send
  Planned host;
};

// One conversation with a host: a plan, a push, or both in this order.
class PushSession {
 public:
  // All must outlive the object.
  PushSession(Wire& wire, const std::vector<images::ImageDirectory>& images,
              const PushOptions& options);

  // Does all that a push does up to sending content. Throws as Push().
  PushPlan Plan(const base::Io& io);
  // Pushes all images as one generation. Throws Error: kFailed where the host cannot run one of
  // them (nothing was sent) or refuses, kVerification where a local image is damaged, kUnreachable
  // where the connection ended.
  PushResult Push(const base::Io& io);
  // Of the push, without heartbeats and what the plan took.
  uint64_t sent_bytes() const { return wire_.sent_bytes() - plan_bytes_; }
  // The host has said something to the push.
  bool answered() const { return answered_; }

 private:
  struct Item {
    const images::ImageDirectory* image = nullptr;
    bool held = false;
    std::string release;                   // empty: none
    std::shared_ptr<ImageSendState> work;  // null where held
    std::optional<DeltaBase> basis;
    std::string why_no_deltas;
    std::vector<bool> asked_for;  // at first
    bool whole = false;           // asked for again: no deltas
  };

  void Greet();
  Item ItemOf(const images::ImageDirectory& image);
  void LearnThatHeld(const images::ImageDirectory& image);
  PushedImage BeginningOf(const Item& item) const;
  void SendBegin(Wire& wire, bool plan) const;
  void SendOfferOf(Wire& wire, const Item& item) const;
  bool CanSendDeltas(const Item& item) const;
  std::shared_ptr<DeltaCache> DeltasFor(const Item& item);
  void SendContent(Wire& wire, const Item& item, const std::vector<bool>& missing,
                   const std::string& label, PushedImage& result);
  std::future<void> ReadOldAhead(const Item& item) const;
  std::vector<bool> PushImage(const Item& item, PushedImage& result);
  PushPlan PlanAll();
  void Rehearse(const std::vector<std::vector<bool>>& missing, PushPlan& plan);
  PushResult PushAll();
  void PushAgain(const Retransmit& again, PushResult& result);
  void PushRest(Item& item, PushedImage& result);
  void PushRepaired(Item& item, PushedImage& result);
  Staged Commit(PushResult& result);
  template <typename Work>
  auto TellingFailure(const Work& work);

  Wire& wire_;
  const std::vector<images::ImageDirectory>& images_;
  const PushOptions options_;
  base::PhaseLog phases_;
  SendCache alone_{false};
  base::Io io_;  // of the call
  std::optional<Hello> hello_;
  std::vector<Item> items_;
  uint64_t plan_bytes_ = 0;
  bool answered_ = false;
};

// A session that is one push.
PushResult Push(Wire& wire, const std::vector<images::ImageDirectory>& images, const base::Io& io,
                const PushOptions& options = {});

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SESSION_PUSH_SESSION_H_
