// Any bytes are the delta of an image's texts, or an Error: the texts are as long as they were
// announced. The input is their three lengths (2 bytes each), then the delta.
#include <fcntl.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "pusher/protocol/image_metadata.h"
#include "tests/fuzz/memory_file.h"

namespace {

constexpr const char* kBasis = R"({"closure":[{"name":"nginx"}],"format":1,"name":"nginx"})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 6) {
    return 0;
  }
  pusher::Offer offer;
  offer.manifest_bytes = data[0] | uint64_t{data[1]} << 8U;
  offer.index_bytes = data[2] | uint64_t{data[3]} << 8U;
  offer.provenance_bytes = data[4] | uint64_t{data[5]} << 8U;
  const base::Bytes delta(data + 6, size - 6);
  offer.delta_bytes = delta.size();
  const fuzz::MemoryFile file(nullptr, 0);
  const base::UniqueFd none = base::Open("/dev/null", O_RDWR);
  const base::UniqueFd sent = base::Open(file.path(), O_WRONLY);
  pusher::StreamOptions options;
  options.peer = "peer";
  pusher::Stream to(none.get(), sent.get(), options);
  pusher::Wire sender(to);
  pusher::SendBlob(sender, base::AsText(delta));
  sender.Flush();
  const base::UniqueFd arrived = base::OpenForReading(file.path());
  pusher::Stream from(arrived.get(), none.get(), options);
  pusher::Wire receiver(from);
  try {
    const auto texts = pusher::ReceiveMetadata(receiver, offer, kBasis);
    if (texts.manifest.size() != offer.manifest_bytes || texts.index.size() != offer.index_bytes ||
        texts.provenance.size() != offer.provenance_bytes) {
      std::abort();
    }
  } catch (const base::Error&) {
  }
  return 0;
}
