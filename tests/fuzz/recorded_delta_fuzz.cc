// Any bytes are a recorded delta, or refused. The checksums of frames stop nearly every change, so
// the bytes are also tried as a list of frames whose checksums are right: a type, two bytes of
// length, and the payload of each, behind a header and an offer.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "pusher/protocol/recorded_delta.h"

namespace {

void Play(const std::string& text) {
  size_t at = 0;
  try {
    pusher::RecordedDeltaReader reader(
        [&](std::span<uint8_t> out) {
          const size_t bytes = std::min(out.size(), text.size() - at);
          std::copy_n(text.data() + at, bytes, out.begin());
          at += bytes;
          return bytes;
        },
        "delta");
    while (reader.Next()) {
    }
  } catch (const base::Error&) {
  }
}

std::string FrameOf(uint8_t type, const std::string& payload) {
  const pusher::FrameHeader header = pusher::FrameHeaderOf(type, base::AsBytes(payload));
  return std::string(base::AsText(header)) + payload;
}

std::string Begin() {
  pusher::Offer offer;
  offer.name = "nginx";
  offer.manifest_sha256 = base::Sha256Of("new");
  offer.manifest_bytes = 4;
  offer.basis = 1;
  pusher::RecordedDeltaHeader header;
  header.name = offer.name;
  header.to = offer.manifest_sha256;
  header.codec = "zstd";
  header.codec_library = "1.5.7";
  return header.Serialize() +
         FrameOf(static_cast<uint8_t>(pusher::MessageType::kOffer), offer.Serialize());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  Play(text);
  std::string frames = Begin();
  for (size_t at = 0; at + 3 <= size;) {
    const auto type = static_cast<uint8_t>(text[at]);
    const size_t length =
        std::min<size_t>(data[at + 1] + size_t{256} * data[at + 2], size - at - 3);
    frames += FrameOf(type, text.substr(at + 3, length));
    at += 3 + length;
  }
  Play(frames);
  return 0;
}
