#include "pusher/protocol/image_metadata.h"

#include "base/error.h"
#include "base/file.h"
#include "chunker/delta.h"

namespace pusher {
namespace {

constexpr int kLevel = 19;  // some 100 KB

uint64_t LengthOf(const Offer& offer) {
  return offer.manifest_bytes + offer.index_bytes + offer.provenance_bytes;
}

}  // namespace

std::string BaseMetadata(const images::ImageDirectory& version) {
  return version.stored().text + base::ReadFile(version.index_path(), kMaxIndexBytes);
}

PackedMetadata PackMetadata(const ImageMetadata& texts, const std::string& basis) {
  PackedMetadata out;
  out.manifest_bytes = texts.manifest.size();
  out.index_bytes = texts.index.size();
  out.provenance_bytes = texts.provenance.size();
  out.bytes = texts.manifest + texts.index + texts.provenance;
  out.is_delta = out.bytes.size() + basis.size() <= kMaxTextDeltaBytes;
  if (out.is_delta) {
    out.bytes = base::AsText(
        chunker::DeltaEncoder(kLevel).Encode(base::AsBytes(out.bytes), base::AsBytes(basis)));
  }
  return out;
}

void SendOffer(Wire& wire, Offer offer, const std::string& release, const PackedMetadata& texts) {
  offer.release_bytes = release.size();
  offer.manifest_bytes = texts.manifest_bytes;
  offer.index_bytes = texts.index_bytes;
  offer.provenance_bytes = texts.provenance_bytes;
  if (texts.is_delta) {
    offer.delta_bytes = texts.bytes.size();
  }
  SendText(wire, MessageType::kOffer, offer.Serialize());
  SendBlob(wire, release);
  SendBlob(wire, texts.bytes);
}

ImageMetadata ReceiveMetadata(Wire& wire, const Offer& offer, const std::string& basis) {
  std::string plain;
  if (offer.delta_bytes == 0) {
    plain = ReceiveBlob(wire, LengthOf(offer));
  } else {
    if (LengthOf(offer) + basis.size() > kMaxTextDeltaBytes) {
      base::Fail(base::ExitCode::kFailed, "{} broke the protocol: texts too long for a delta",
                 wire.peer());
    }
    const std::string delta = ReceiveBlob(wire, offer.delta_bytes);
    const auto decoded =
        chunker::DecodeDelta(base::AsBytes(delta), base::AsBytes(basis), LengthOf(offer));
    if (!decoded) {
      base::Fail(base::ExitCode::kFailed,
                 "{} broke the protocol: the delta of {}'s texts is no delta of the version named",
                 wire.peer(), offer.name);
    }
    plain = base::AsText(*decoded);
  }
  return {plain.substr(0, offer.manifest_bytes),
          plain.substr(offer.manifest_bytes, offer.index_bytes),
          plain.substr(offer.manifest_bytes + offer.index_bytes)};
}

}  // namespace pusher
