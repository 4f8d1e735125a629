#include "pusher/publish/delta_recorder.h"

#include <fcntl.h>

#include <memory>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "pusher/delta/delta_base.h"
#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/recorded_delta.h"
#include "pusher/session/content_sender.h"

namespace pusher {
namespace {

// A heartbeat must not get into the recording.
constexpr std::chrono::hours kNoHeartbeat(24 * 365);
constexpr mode_t kRecordingMode = 0600;

// The host that it is for: one that has the codec as it was.
void CheckHostCouldRebuild(const images::ImageDirectory& image) {
  Hello hello;
  const images::Codec& codec = image.manifest().image.codec;
  hello.codecs[codec.name] = codec.library_version;
  if (!CanRebuild(hello, codec)) {
    base::Fail(base::ExitCode::kFailed, "compressing {} again takes more memory than a host allows",
               image.manifest().name);
  }
}

}  // namespace

void RecordDelta(const images::ImageDirectory& image, const images::ImageDirectory& old,
                 SendCache& work, const std::string& path, const base::Io& io) {
  CheckHostCouldRebuild(image);
  const images::Manifest& manifest = image.manifest();
  const std::shared_ptr<ImageSendState> state = work.Of(image);
  const base::UniqueFd file = base::Open(path, O_RDWR | O_CREAT | O_TRUNC, kRecordingMode);
  const base::UniqueFd nobody = base::Open("/dev/null", O_RDONLY);
  base::WriteAll(file.get(),
                 base::AsBytes(RecordedDeltaHeader{
                     manifest.name, image.stored().digest, old.stored().digest, kProtocolMax,
                     manifest.image.codec.name, manifest.image.codec.library_version}
                                   .Serialize()),
                 path);
  Stream stream(nobody.get(), file.get(), {path});
  Wire wire(stream);
  Offer offer;
  offer.name = manifest.name;
  offer.manifest_sha256 = image.stored().digest;
  offer.basis = 1;
  SendOffer(wire, offer, "", *state->Metadata(&old));
  const std::vector<bool> missing = state->chunks().LackedBy(old.ReadIndex());
  if (CountOf(missing) == 0) {
    SendEmpty(wire, MessageType::kSent);
  } else {
    const std::shared_ptr<DeltaCache> deltas = state->DeltasAgainst(old);
    KeepAlive alive(wire, kNoHeartbeat, kNoHeartbeat);
    ContentSender(wire, *state, missing, alive, io, "recording " + manifest.name)
        .Send(deltas.get(), false);
  }
  wire.Flush();
}

}  // namespace pusher
