#include "pusher/texts.h"

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

std::string BasisTexts(const images::ImageDirectory& version) {
  return version.stored().text + base::ReadFile(version.index_path(), kMaxIndexBytes);
}

void SendOffer(Wire& wire, Offer offer, const ImageTexts& texts, const std::string& basis) {
  offer.manifest_bytes = texts.manifest.size();
  offer.index_bytes = texts.index.size();
  offer.provenance_bytes = texts.provenance.size();
  const std::string plain = texts.manifest + texts.index + texts.provenance;
  const bool fits = plain.size() + basis.size() <= kMaxTextDeltaBytes;
  if (!fits) {
    offer.basis = 0;
    SendText(wire, MessageType::kOffer, offer.Serialize());
    SendBlob(wire, plain);
    return;
  }
  const std::vector<uint8_t> delta =
      chunker::DeltaEncoder(kLevel).Encode(base::AsBytes(plain), base::AsBytes(basis));
  offer.delta_bytes = delta.size();
  SendText(wire, MessageType::kOffer, offer.Serialize());
  SendBlob(wire, base::AsText(delta));
}

ImageTexts ReceiveTexts(Wire& wire, const Offer& offer, const std::string& basis) {
  std::string plain;
  if (offer.delta_bytes == 0) {
    plain = ReceiveBlob(wire, LengthOf(offer));
  } else {
    if (LengthOf(offer) + basis.size() > kMaxTextDeltaBytes) {
      base::Fail(base::Code::kFailed, "{} broke the protocol: texts too long for a delta",
                 wire.peer());
    }
    const std::string delta = ReceiveBlob(wire, offer.delta_bytes);
    const auto decoded =
        chunker::DecodeDelta(base::AsBytes(delta), base::AsBytes(basis), LengthOf(offer));
    if (!decoded) {
      base::Fail(base::Code::kFailed,
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
