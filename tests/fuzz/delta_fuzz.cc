// A delta message that is accepted is within its bounds and comes back from its own bytes; what a
// delta gives has the length that was asked for.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "chunker/copies.h"
#include "chunker/delta.h"
#include "pusher/protocol/delta_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto message = pusher::DeltaMessage::Parse({data, size}, "peer");
    const uint64_t content_bytes = message.content_bytes();
    if (content_bytes > pusher::kMaxDeltaContentBytes ||
        pusher::DeltaMessage::Parse(message.Serialize(), "again") != message) {
      std::abort();
    }
    static const std::vector<uint8_t> kOld(pusher::kMaxDeltaOldBytes);
    auto content = chunker::DecodeDelta(message.delta, {}, content_bytes);
    if (content && content->size() != content_bytes) {
      std::abort();
    }
    if (content) {
      chunker::AddCopies(message.copies, kOld, *content);
    }
  } catch (const base::Error&) {
  }
  return 0;
}
