// The release that a push sends with an image.
#ifndef SLIPWAY_PUSHER_SESSION_RELEASE_TO_SEND_H_
#define SLIPWAY_PUSHER_SESSION_RELEASE_TO_SEND_H_

#include <optional>
#include <string>

#include "base/io.h"
#include "images/release/release.h"
#include "images/version/image_directory.h"
#include "pusher/protocol/protocol.h"

namespace pusher {

// What `text` says. Throws Error{kVerification} unless it is a release of this image, as it is now.
images::Release CheckedRelease(const images::ImageDirectory& image, const std::string& text);

// Empty: none. Throws Error{kVerification} where the host said that it would not take it, before
// anything is sent; whether signatures are right is for the host to find. A host that demands
// nothing is sent a release only if it is one of this image; `io` is told if not.
std::string ReleaseToSend(const images::ImageDirectory& image, const std::optional<Demand>& demand,
                          const std::string& host, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SESSION_RELEASE_TO_SEND_H_
