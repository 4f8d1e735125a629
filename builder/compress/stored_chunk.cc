#include "builder/compress/stored_chunk.h"

namespace builder {

uint64_t StoredChunk::content_bytes() const {
  uint64_t total = 0;
  for (const ExtentShape& extent : extents) {
    total += extent.content_bytes;
  }
  return total;
}

}  // namespace builder
