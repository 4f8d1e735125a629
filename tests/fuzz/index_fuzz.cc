// An index that is accepted tiles its image, and written again it says the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "chunker/index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  try {
    const chunker::ChunkIndex index = chunker::ChunkIndex::Parse(text, "image.caibx");
    uint64_t end = 0;
    for (const chunker::Chunk& chunk : index.chunks()) {
      if (chunk.offset != end || chunk.size_bytes > chunker::kMaxChunkBytes) {
        std::abort();
      }
      end += chunk.size_bytes;
    }
    if (chunker::ChunkIndex::Parse(index.Serialize(), "again").chunks() != index.chunks()) {
      std::abort();
    }
  } catch (const base::Error&) {
  }
  return 0;
}
