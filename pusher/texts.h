// The texts of an image - manifest, index, provenance - as they travel: together, as a delta
// against manifest and index of a version that both sides have (those are the same wherever it is).
#ifndef SLIPWAY_PUSHER_TEXTS_H_
#define SLIPWAY_PUSHER_TEXTS_H_

#include <optional>
#include <string>
#include <vector>

#include "images/image_directory.h"
#include "pusher/protocol.h"
#include "pusher/wire.h"

namespace pusher {

struct ImageTexts {
  std::string manifest;
  std::string index;
  std::string provenance;  // empty: none
};

// Manifest and index of a version, what a delta refers to.
std::string BasisTexts(const images::ImageDirectory& version);

// Sets the lengths in `offer`, sends it and the texts. `basis`: BasisTexts() of the version that
// offer.basis names, otherwise empty.
void SendOffer(Wire& wire, Offer offer, const ImageTexts& texts, const std::string& basis);

// The texts that `offer` announces. Throws Error{kFailed} where they do not come out of the delta.
ImageTexts ReceiveTexts(Wire& wire, const Offer& offer, const std::string& basis);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_TEXTS_H_
