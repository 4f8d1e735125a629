// The files of a host's ROOT/trust as they travel, to it and from it: imgpush --trust.
#ifndef SLIPWAY_PUSHER_PROTOCOL_TRUST_FILES_H_
#define SLIPWAY_PUSHER_PROTOCOL_TRUST_FILES_H_

#include <string>

#include "images/release/trust.h"
#include "pusher/protocol/wire.h"

namespace pusher {

struct TrustFiles {
  bool is_on = false;          // false: the host has none
  std::string problem{};       // why the host takes no image by them; printable
  images::TrustTexts texts{};  // of what is missing: empty
};

// A message with the lengths, then blobs in the order of images::kTrustFiles.
void SendTrust(Wire& wire, const TrustFiles& files);
TrustFiles ReceiveTrust(Wire& wire);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_TRUST_FILES_H_
