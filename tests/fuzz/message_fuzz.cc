// What either side may be told: a frame's payload of any type (the first byte) is a message or an
// Error, and a row of frames ends.
#include <fcntl.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "pusher/protocol/fetch_link.h"
#include "pusher/protocol/packed_chunks.h"
#include "pusher/protocol/planned.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/wire.h"
#include "tests/fuzz/memory_file.h"

namespace {

void Parse(pusher::MessageType type, base::Bytes payload) {
  const std::string text(base::AsText(payload));
  switch (type) {
    case pusher::MessageType::kHello:
      pusher::Hello::Parse(text, "peer");
      return;
    case pusher::MessageType::kHeld:
      pusher::Held::Parse(text, "peer");
      return;
    case pusher::MessageType::kBegin:
      pusher::Begin::Parse(text, "peer");
      return;
    case pusher::MessageType::kOffer:
      pusher::Offer::Parse(text, "peer");
      return;
    case pusher::MessageType::kNeed:
      pusher::Need::Parse(text, "peer");
      return;
    case pusher::MessageType::kAgain:
      pusher::Retransmit::Parse(text, "peer");
      return;
    case pusher::MessageType::kStaged:
      pusher::Staged::Parse(text, "peer");
      return;
    case pusher::MessageType::kFailure:
      pusher::Failure::Parse(text, "peer");
      return;
    case pusher::MessageType::kPlanned:
      pusher::Planned::Parse(text, "peer");
      return;
    case pusher::MessageType::kChunk:
      pusher::ParseChunk(payload, "peer");
      return;
    case pusher::MessageType::kPacked:
      pusher::ChunkUnpacker().Unpack(pusher::ParseChunk(payload, "peer").data, 1 << 20);
      return;
    case pusher::MessageType::kMissing:
      pusher::UnpackBits(payload, 100, "peer");
      return;
    case pusher::MessageType::kFetchRequest:
      pusher::ParseFetchRequest(text, "peer");
      return;
    case pusher::MessageType::kFetchAnswer:
      pusher::FetchAnswer::Parse(text, "peer");
      return;
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  try {
    Parse(static_cast<pusher::MessageType>(data[0]), {data + 1, size - 1});
  } catch (const base::Error&) {
  }
  try {
    const fuzz::MemoryFile file(data, size);
    const base::UniqueFd in = base::OpenForReading(file.path());
    const base::UniqueFd out = base::Open("/dev/null", O_WRONLY);
    pusher::StreamOptions options;
    options.peer = "peer";
    pusher::Stream stream(in.get(), out.get(), options);
    pusher::Wire wire(stream);
    for (;;) {
      pusher::ReceiveMessage(wire);
    }
  } catch (const base::Error&) {
  }
  return 0;
}
