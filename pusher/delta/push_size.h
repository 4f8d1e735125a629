// How much a push sends, without a host: for `imgbuild diff`.
#ifndef SLIPWAY_PUSHER_DELTA_PUSH_SIZE_H_
#define SLIPWAY_PUSHER_DELTA_PUSH_SIZE_H_

#include <cstdint>

#include "images/version/image_directory.h"

namespace pusher {

// To a host that holds `from` and nothing else, without the frames of the protocol: manifest,
// index, provenance, and the deltas that a push makes, or chunks where a delta does not pay. Builds
// each delta, as the push will. Throws where an image is damaged.
uint64_t PushBytesWithDeltas(const images::ImageDirectory& from, const images::ImageDirectory& to);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DELTA_PUSH_SIZE_H_
