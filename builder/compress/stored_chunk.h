// A chunk as the image stores it, and its input.
#ifndef SLIPWAY_BUILDER_COMPRESS_STORED_CHUNK_H_
#define SLIPWAY_BUILDER_COMPRESS_STORED_CHUNK_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/digest.h"

namespace builder {

// A run of a file's content that is decoded as one.
struct ExtentShape {
  uint32_t content_bytes = 0;
  uint32_t first_block = 0;  // within its chunk
  uint32_t blocks = 0;
  bool raw = false;  // stored as it is, in one block
};

struct StoredChunk {
  std::vector<uint8_t> blocks;  // a multiple of the block size
  std::vector<ExtentShape> extents;
  base::Sha256 id;  // of `blocks`
  uint64_t content_bytes() const;
};

// All that a chunk depends on, beside the codec.
struct ChunkInput {
  std::span<const uint8_t> content;  // up to the last of `ends`
  std::vector<size_t> ends;          // where the chunk may end, ascending; the first is preferred
  bool ends_file = false;            // the last of `ends` is the file's end
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_COMPRESS_STORED_CHUNK_H_
