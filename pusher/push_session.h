// One push as the sender sees it: a flat list of passes, from the host's greeting to the staged
// generation. The order of the messages is in docs/formats/protocol.md.
#ifndef SLIPWAY_PUSHER_PUSH_SESSION_H_
#define SLIPWAY_PUSHER_PUSH_SESSION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/io.h"
#include "images/image_directory.h"
#include "pusher/protocol.h"
#include "pusher/wire.h"

namespace pusher {

struct PushedImage {
  std::string name;
  std::string id;
  uint64_t image_bytes = 0;
  bool already_there = false;
  bool repaired = false;      // it was there, damaged
  uint64_t chunks_total = 0;  // distinct; 0 where it was there already
  uint64_t chunks_sent = 0;   // as they are or in deltas
  uint64_t chunks_as_delta = 0;
  uint64_t chunks_failed = 0;  // of those: did not come out on the host, and were sent again
  std::string basis;           // NAME/ID that the deltas are against; empty: there were none
};

struct PushOptions {
  bool deltas = true;
};

struct PushResult {
  std::vector<PushedImage> images;
  Staged staged;
};

// Pushes all `images` as one generation. Throws Error: kFailed where the host cannot run one of
// them (nothing was sent) or refuses, kVerification where a local image is damaged, kUnreachable
// where the connection ended.
PushResult Push(Wire& wire, const std::vector<images::ImageDirectory>& images, const base::Io& io,
                const PushOptions& options = {});

// Throws Error{kFailed} that says what the host lacks and what to do.
void CheckHostCanRun(const Hello& host, const images::Manifest& image, const std::string& peer);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUSH_SESSION_H_
