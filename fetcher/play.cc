#include "fetcher/play.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "fetcher/range_sender.h"
#include "fetcher/recorded_sender.h"
#include "fetcher/stored_version.h"
#include "pusher/protocol/image_metadata.h"

namespace fetcher {

using pusher::MessageType;
using pusher::VersionDigest;

Play::Play(pusher::Wire& wire, store::Store& store, const std::vector<VersionDigest>& versions)
    : wire_(wire), store_(store), versions_(versions), alive_(wire) {}

// The room for all that is new is not looked at before: the sizes of what comes as a recorded delta
// are not known then. The host looks at each image's turn.
void Play::Run() {
  hello_ = pusher::ReceiveHello(wire_);
  pusher::Begin begin;
  begin.protocol = pusher::ProtocolWith(hello_);
  begin.images = versions_.size();
  pusher::SendText(wire_, MessageType::kBegin, begin.Serialize());
  for (const VersionDigest& version : versions_) {
    alive_.Touch();
    IsHeld(version) ? OfferHeld(version) : SendNew(version);
  }
  Commit();
}

bool Play::IsHeld(const VersionDigest& version) const {
  return std::ranges::find(hello_.held, version) != hello_.held.end();
}

// Whether the provenance there is the signed one is for the host to look at.
void Play::OfferHeld(const VersionDigest& version) {
  const StoredVersion stored(store_, version);
  const std::string release = stored.FetchRelease();
  pusher::Offer offer;
  offer.name = version.name;
  offer.manifest_sha256 = version.manifest_sha256;
  offer.held = true;
  offer.release_bytes = release.size();
  pusher::SendText(wire_, MessageType::kOffer, offer.Serialize());
  pusher::SendBlob(wire_, release);
}

void Play::SendNew(const VersionDigest& version) {
  if (std::optional<RecordedSender> recorded = RecordedSender::Find(store_, hello_, version)) {
    recorded->Send(wire_, StoredVersion(store_, version).FetchRelease(), alive_);
  } else {
    SendWhole(version);
  }
}

void Play::SendWhole(const VersionDigest& version) {
  const StoredVersion stored(store_, version);
  const StoredTexts texts = stored.FetchTexts();
  alive_.Touch();
  pusher::Offer offer;
  offer.name = version.name;
  offer.manifest_sha256 = version.manifest_sha256;
  pusher::SendOffer(wire_, offer, texts.release, texts.packed);
  const std::vector<bool> missing = pusher::ReceiveNeed(wire_, texts.chunks.size());
  if (pusher::CountOf(missing) > 0) {
    RangeSender(wire_, alive_, texts.chunks, missing).Send(store_, stored.KeyOfImage());
    pusher::SendEmpty(wire_, MessageType::kSent);
  }
}

// What is damaged on the host, and what did not come out of deltas, it takes of the image.
void Play::Commit() {
  pusher::SendEmpty(wire_, MessageType::kCommit);
  pusher::Message answer = pusher::ReceiveMessage(wire_);
  for (int times = 0; answer.type == MessageType::kAgain && times < pusher::kMostAgain; ++times) {
    for (const std::string& name : pusher::Retransmit::Parse(answer.text(), wire_.peer()).names) {
      const auto found = std::ranges::find(versions_, name, &VersionDigest::name);
      if (found == versions_.end()) {
        base::Fail(base::ExitCode::kFailed, "{} broke the protocol: it asks for {} again",
                   wire_.peer(), base::Printable(name));
      }
      base::LogInfo("sending {} again, by ranges", name);
      SendWhole(*found);
    }
    pusher::SendEmpty(wire_, MessageType::kCommit);
    answer = pusher::ReceiveMessage(wire_);
  }
  pusher::CheckType(wire_, answer, MessageType::kStaged);
  pusher::Staged::Parse(answer.text(), wire_.peer());
}

}  // namespace fetcher
