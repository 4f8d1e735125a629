// Finds where the encoder was flushed to make a chunk's frame, so that FrameEncoder::EncodeUpToLast
// can make it again. Images do not record these places; they follow from the content's cut points.
#ifndef SLIPWAY_CHUNKER_FLUSH_POINTS_H_
#define SLIPWAY_CHUNKER_FLUSH_POINTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "chunker/chunk_content.h"
#include "chunker/codec.h"
#include "chunker/frame.h"

namespace chunker {

// One per thread.
class FlushPointFinder {
 public:
  // Throws as MakeFrameEncoder does, at the latest where it is first used.
  explicit FlushPointFinder(Codec codec) : codec_(std::move(codec)) {}

  // The flush points, the end included, with which the codec makes `chunk` of its content again;
  // nullopt where it does not, however it is flushed. `content`: ContentOf(chunk), framed. If the
  // cut sizes (chunker/codec_table.h) leave the points ambiguous, the candidates are tried.
  std::optional<std::vector<size_t>> Find(std::span<const uint8_t> chunk,
                                          const ChunkContent& content);

 private:
  bool Makes(std::span<const uint8_t> chunk, const ChunkContent& content,
             const std::vector<size_t>& points);

  const Codec codec_;
  std::unique_ptr<FrameEncoder> encoder_;  // made when it is needed
};

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_FLUSH_POINTS_H_
