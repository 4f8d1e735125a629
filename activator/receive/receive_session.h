// The host's side of one push: greeting, offers, chunks, commit. docs/formats/protocol.md has the
// order of the messages; anything else ends the session with a clear error.
//
// A plan may come before a push, or alone; it changes nothing. A session that is interrupted at any
// moment leaves only incoming/ID, which the next push continues. The host's lock is held only while
// versions are published and a generation is staged.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_SESSION_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_SESSION_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "activator/receive/assembly.h"
#include "activator/receive/host_view.h"
#include "activator/receive/missing_chunk_scan.h"
#include "activator/receive/plan_push.h"
#include "activator/receive/receive_options.h"
#include "activator/stage/stage.h"
#include "activator/state/held_versions.h"
#include "activator/state/version_locks.h"
#include "activator/trust/acceptance.h"
#include "base/io.h"
#include "base/lock.h"
#include "base/log.h"
#include "pusher/protocol/image_metadata.h"
#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/protocol.h"

namespace activator {

// A version as a session that may not publish hands it over.
struct HandedOver {
  std::string name;
  base::Sha256 manifest_sha256;
  std::string label;
  bool held = false;  // it is at its place; otherwise in incoming/ID
};

// One image of a push, before anything of it is taken.
struct OfferedVersion {
  std::string name;
  base::Sha256 manifest_sha256;
  std::string label;      // empty: none, or not told yet
  bool is_delta = false;  // from another version
};

// What a session asks of the rest of the agent; tests put their own.
struct ReceiveSteps {
  std::function<void(const images::HostLayout& layout)> prepare_root;
  std::function<std::vector<std::string>()> probe_features;
  std::function<StagedGeneration(const images::HostLayout& layout,
                                 const std::map<std::string, base::Sha256>& changes,
                                 const std::string& by)>
      stage;
  std::function<pusher::Planned(const images::HostLayout& layout, const PendingManifests& coming)>
      plan = [](const images::HostLayout& layout, const PendingManifests& coming) {
        return PlanPush(layout, coming, nullptr);
      };
  // Who publishes what was verified, and answers the sender; null: the session itself.
  std::function<void(const std::vector<HandedOver>& versions)> hand_over = nullptr;
  // Throws unless it may be pushed to this host; plans are not asked. Null: it may.
  std::function<void(const OfferedVersion& offered)> check_offer = nullptr;
};

class ReceiveSession {
 public:
  // `wire` and `alive` must outlive the object.
  ReceiveSession(const ReceiveOptions& options, const ReceiveSteps& steps, pusher::Wire& wire,
                 pusher::KeepAlive& alive);

  // The root was prepared before.
  void Run(HostView host);
  // Publishes what another session handed over, each looked at again, and tells the sender.
  // `acceptance` has the releases.
  void PublishFor(HostView host, const std::vector<HandedOver>& versions);

 private:
  void Take(HostView host);
  void Greet();
  void HandOver();
  void TakeIncoming(const HandedOver& version);
  void TakeHeld(const HandedOver& version);
  void CheckMaySend(const std::string& name) const;
  void CheckOffer(const OfferedVersion& offered) const;
  void CheckLimits(const images::Manifest& manifest) const;
  void ReceivePush(const pusher::Begin& begin);
  void AnswerPlan(uint64_t images);
  void PlanImage(MissingChunkScan& survey, PendingManifests& coming);
  void CheckRoomFor(const std::vector<pusher::NewImage>& images) const;
  void ReceiveImage();
  void TakeRelease(const pusher::Offer& offer);
  const HeldVersion& FindHeld(const pusher::Offer& offer) const;
  void AcceptHeld(const pusher::Offer& offer);
  bool HasSignedProvenance(const std::string& name, const std::string& path) const;
  void ReceiveAgain();
  Assembly& AssemblyOf(images::StoredManifest manifest, const std::string& index);
  images::StoredManifest ReadManifest(const pusher::Offer& offer, std::string text) const;
  void CheckVerity(const images::StoredManifest& stored) const;
  void FillFromWhatIsHere(Assembly& assembly, const std::string& own_index);
  const HeldVersion* BasisOf(const pusher::Offer& offer) const;
  pusher::ImageMetadata ReceiveMetadata(const pusher::Offer& offer, const HeldVersion* basis);
  void SendNeed(const pusher::ChunkList& chunks, const std::vector<bool>& missing);
  void Publish(pusher::Staged& answer);
  void PublishAndStage();  // under the host's lock
  base::FileLock LockHost() const;
  void CheckStillGranted() const;
  void Label(const std::string& name, const std::string& version,
             std::vector<std::string>& notes) const;
  [[noreturn]] void FailDiskFull(const base::Error& error);

  const ReceiveOptions& options_;
  const ReceiveSteps& steps_;
  pusher::Wire& wire_;
  pusher::KeepAlive& alive_;
  const images::HostLayout layout_;
  std::vector<std::string> features_;
  std::optional<Acceptance> acceptance_;         // of the releases
  std::optional<VersionLocks> locks_;            // on those, until the push ends
  std::vector<HeldVersion> held_;                // complete versions, as greeted
  std::map<std::string, std::string> labels_;    // of this push's images; empty: none was sent
  std::map<std::string, base::Sha256> changes_;  // the images of this push
  std::vector<std::string> damaged_;             // of these, held and found damaged
  int asked_again_ = 0;                          // times
  bool published_ = false;                       // one of them at least
  uint64_t added_bytes_ = 0;
  base::PhaseLog phases_{"push"};
  std::vector<std::unique_ptr<Assembly>> assemblies_;  // of those that the host did not hold
};

// The whole of `activate receive` with the steps given.
int RunReceiveWith(const ReceiveOptions& options, const ReceiveSteps& steps, const base::Io& io);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_SESSION_H_
