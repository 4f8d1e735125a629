// A plan as the host sees it: the offers of a push, answered as a push would answer them.
#include "activator/receive/receive_session.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {

using pusher::MessageType;

void ReceiveSession::AnswerPlan(uint64_t images) {
  CheckInodes(layout_.root());
  MissingChunkScan survey(layout_, held_, alive_);
  PendingManifests coming;
  for (uint64_t i = 0; i < images; ++i) {
    PlanImage(survey, coming);
  }
  alive_.Touch();
  pusher::Planned planned = steps_.plan(layout_, coming);
  planned.free_bytes = base::FreeBytes(layout_.root());
  planned.needed_bytes = survey.needed_bytes();
  planned.fits = planned.needed_bytes == 0 ||
                 planned.needed_bytes + pusher::kHeadroomBytes <= planned.free_bytes;
  pusher::SendPlanned(wire_, planned);
}

void ReceiveSession::PlanImage(MissingChunkScan& survey, PendingManifests& coming) {
  const pusher::Offer offer =
      pusher::Offer::Parse(pusher::Expect(wire_, MessageType::kOffer).text(), wire_.peer());
  CheckMaySend(offer.name);
  TakeRelease(offer);
  if (coming.contains(offer.name)) {
    base::Fail(base::ExitCode::kFailed, "{} broke the protocol: it offers {} twice", wire_.peer(),
               offer.name);
  }
  if (offer.held) {
    images::StoredManifest held = images::ImageDirectory(FindHeld(offer).path).stored();
    CheckLimits(held.manifest);
    coming.emplace(offer.name, std::move(held));
    return;
  }
  pusher::ImageMetadata texts = ReceiveMetadata(offer, BasisOf(offer));
  images::StoredManifest manifest = ReadManifest(offer, std::move(texts.manifest));
  const pusher::ChunkList chunks(
      images::ParseIndexOf(manifest.manifest, texts.index, "the index that was sent"));
  SendNeed(chunks, survey.Missing(manifest, chunks));
  coming.emplace(offer.name, std::move(manifest));
}

}  // namespace activator
