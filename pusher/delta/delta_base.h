// Chooses the old version that an image's texts and deltas refer to.
#ifndef SLIPWAY_PUSHER_DELTA_DELTA_BASE_H_
#define SLIPWAY_PUSHER_DELTA_DELTA_BASE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "images/version/image_directory.h"
#include "pusher/protocol/protocol.h"

namespace pusher {

// A version that the host holds, as we have it beside the image that is pushed.
struct DeltaBase {
  uint64_t version = 0;  // its number in the hello's list
  images::ImageDirectory image;

  std::string text() const { return image.manifest().name + "/" + image.id().text(); }
};

// The version of `image` that shares most with it, among those that the host holds and that stand
// beside it here; an image of another name where there is none and they share something.
std::optional<DeltaBase> FindBasis(const Hello& hello, const images::ImageDirectory& image);

// The version that a host most likely holds, before it has said so: the newest of the others that
// stand beside `image`.
std::optional<images::ImageDirectory> GuessBasis(const images::ImageDirectory& image);

// Why nothing is sent as deltas against an old version, for people; empty where the host has none,
// so that nobody expects any, and where deltas against `basis` come out right there.
std::string WhyNoDeltas(const Hello& hello, const images::ImageDirectory& image,
                        const std::optional<DeltaBase>& basis);

// The host makes the same chunks again of the same content, and has the memory for it.
bool CanRebuild(const Hello& hello, const images::Codec& codec);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DELTA_DELTA_BASE_H_
