// A delta message that is accepted is within its bounds and comes back from its own bytes; what a
// delta gives has the length that was asked for.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "chunker/delta.h"
#include "pusher/delta_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto message = pusher::DeltaMessage::Parse({data, size}, "peer");
    const uint64_t content_bytes = message.content_bytes();
    if (content_bytes > pusher::kMaxDeltaContentBytes ||
        pusher::DeltaMessage::Parse(message.Serialize(), "again") != message) {
      std::abort();
    }
    const auto content = chunker::DecodeDelta(message.delta, message.delta, content_bytes);
    if (content && content->size() != content_bytes) {
      std::abort();
    }
  } catch (const base::Error&) {
  }
  return 0;
}
