// Any bytes are a chunk: framed content within bounds whose flush points end where it does, or
// themselves.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "chunker/chunk_content.h"
#include "chunker/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const char* codec : {chunker::kZstd, chunker::kLz4}) {
    const chunker::ChunkContent content = chunker::ContentOf({data, size}, codec);
    if (!content.framed) {
      if (!std::equal(content.bytes.begin(), content.bytes.end(), data, data + size)) {
        std::abort();
      }
      continue;
    }
    const std::vector<size_t> points = chunker::FlushPointsOf(content);
    if (content.bytes.size() > chunker::kMaxContentBytes || !std::ranges::is_sorted(points) ||
        points.back() != content.bytes.size()) {
      std::abort();
    }
  }
  return 0;
}
