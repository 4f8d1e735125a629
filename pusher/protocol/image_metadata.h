// Sends and receives the texts of an image - manifest, index, provenance - together, as a delta
// against manifest and index of a version that both sides have (they are the same everywhere).
#ifndef SLIPWAY_PUSHER_PROTOCOL_IMAGE_METADATA_H_
#define SLIPWAY_PUSHER_PROTOCOL_IMAGE_METADATA_H_

#include <optional>
#include <string>
#include <vector>

#include "images/version/image_directory.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/wire.h"

namespace pusher {

struct ImageMetadata {
  std::string manifest;
  std::string index;
  std::string provenance;  // empty: none
};

// Manifest and index of a version, what a delta refers to.
std::string BaseMetadata(const images::ImageDirectory& version);

// As they travel.
struct PackedMetadata {
  uint64_t manifest_bytes = 0;
  uint64_t index_bytes = 0;
  uint64_t provenance_bytes = 0;
  bool is_delta = false;
  std::string bytes;
};

// `basis`: BaseMetadata() of the version that they refer to, or empty.
PackedMetadata PackMetadata(const ImageMetadata& texts, const std::string& basis);

// Sets the lengths in `offer`; sends it, the release (empty: none) and the texts.
void SendOffer(Wire& wire, Offer offer, const std::string& release, const PackedMetadata& texts);

// The texts that `offer` announces. Throws Error{kFailed} where they do not come out of the delta.
ImageMetadata ReceiveMetadata(Wire& wire, const Offer& offer, const std::string& basis);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_IMAGE_METADATA_H_
