// Any bytes are a chunk: framed content within bounds whose flush points end where it does, or
// themselves.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "chunker/chunk_content.h"
#include "chunker/codec_table.h"
#include "chunker/flush_points.h"

namespace {

chunker::Codec CodecOf(const char* name) {
  return {name,
          chunker::LibraryVersion(name),
          1,
          {{"window_log", 20},
           {"chain_log", 13},
           {"hash_log", 14},
           {"search_log", 1},
           {"min_match", 6},
           {"target_length", 1},
           {"strategy", 1}}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const char* codec : {chunker::kZstd, chunker::kLz4}) {
    const chunker::ChunkContent content = chunker::ContentOf({data, size}, codec);
    if (!content.framed) {
      if (!std::equal(content.bytes.begin(), content.bytes.end(), data, data + size)) {
        std::abort();
      }
      continue;
    }
    const auto points = chunker::FlushPointFinder(CodecOf(codec)).Find({data, size}, content);
    if (content.bytes.size() > chunker::kMaxContentBytes ||
        (points && (!std::ranges::is_sorted(*points) || points->back() != content.bytes.size()))) {
      std::abort();
    }
  }
  return 0;
}
