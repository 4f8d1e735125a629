// The content of a chunk: what its frame decodes to, or its own bytes if it is not a frame. Only
// the bytes decide, so both ends of a push agree.
#ifndef SLIPWAY_CHUNKER_CHUNK_CONTENT_H_
#define SLIPWAY_CHUNKER_CHUNK_CONTENT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "chunker/frame.h"

namespace chunker {

struct ChunkContent {
  std::vector<uint8_t> bytes;
  bool framed = false;             // false: the chunk itself
  std::vector<size_t> block_ends;  // as FrameContent has them
};

// `chunk`: zeros and one frame of the codec up to its end, or anything else. Never throws for what
// the chunk has in it; throws Error{kUsage} for a codec that this program does not have.
ChunkContent ContentOf(std::span<const uint8_t> chunk, const std::string& codec_name);

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_CHUNK_CONTENT_H_
