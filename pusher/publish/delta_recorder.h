// Records what a pusher would say of an image to a host that has one older version, as an object
// for all such hosts (pusher/protocol/recorded_delta.h).
#ifndef SLIPWAY_PUSHER_PUBLISH_DELTA_RECORDER_H_
#define SLIPWAY_PUSHER_PUBLISH_DELTA_RECORDER_H_

#include <string>

#include "base/io.h"
#include "images/version/image_directory.h"
#include "pusher/delta/image_send_state.h"

namespace pusher {

// Writes the file `path` anew. `work`: shared by deltas of one image against several. Throws where
// no host could make the image of it: the codec's encoder needs too much memory.
void RecordDelta(const images::ImageDirectory& image, const images::ImageDirectory& old,
                 SendCache& work, const std::string& path, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_DELTA_RECORDER_H_
