// What a codec makes and takes apart: frames. zstd_codec.h and lz4_codec.h do it, codec_table.h has
// a row for each.
#ifndef SLIPWAY_CHUNKER_FRAME_H_
#define SLIPWAY_CHUNKER_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "chunker/codec.h"

namespace chunker {

inline constexpr size_t kMaxContentBytes = 1 << 20;  // of one chunk

// One per thread: keeps a codec's working memory.
class FrameEncoder {
 public:
  virtual ~FrameEncoder() = default;

  // How many ends the codec can choose from; for EncodeUpToBest alone, as is "accepted_waste".
  virtual size_t ends_tried() const = 0;
  // A frame of the content up to that one of `ends` (ascending) where it wastes least of its last
  // block; the first of these. Or, from a codec that cannot flush, up to a place of its own before
  // the first of `ends`. Sets `end`.
  virtual std::vector<uint8_t> EncodeUpToBest(std::span<const uint8_t> content,
                                              std::span<const size_t> ends, size_t& end) = 0;
  // The frame that EncodeUpToBest made where it chose the last of `ends`.
  virtual std::vector<uint8_t> EncodeUpToLast(std::span<const uint8_t> content,
                                              std::span<const size_t> ends) = 0;
  // A frame of exactly these bytes, whether it gets shorter or not.
  virtual std::vector<uint8_t> EncodeWhole(std::span<const uint8_t> content) = 0;
};

// What a decoder finds in a frame.
struct FrameContent {
  std::vector<uint8_t> bytes;
  std::vector<size_t>
      block_ends;  // in `bytes`, the last is the end; none if the codec has no flush
};

// What a frame of this length leaves empty of its blocks.
constexpr size_t WasteOf(size_t frame_bytes) {
  return (kBlockBytes - frame_bytes % kBlockBytes) % kBlockBytes;
}

// Blocks that hold `frame`: zeros before it, so that it ends where the last block does.
inline std::vector<uint8_t> AlignedToBlocks(std::span<const uint8_t> frame) {
  std::vector<uint8_t> out(WasteOf(frame.size()), 0);
  out.insert(out.end(), frame.begin(), frame.end());
  return out;
}

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_FRAME_H_
