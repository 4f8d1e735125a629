// Encodes frames of an image's codec.
#ifndef SLIPWAY_CHUNKER_FRAME_ENCODER_H_
#define SLIPWAY_CHUNKER_FRAME_ENCODER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "chunker/codec.h"

namespace chunker {

// One per thread: keeps a codec's working memory.
class FrameEncoder {
 public:
  virtual ~FrameEncoder() = default;

  // How many ends the codec can choose from; for EncodeUpToBest alone, as is "accepted_waste".
  virtual size_t ends_tried() const = 0;
  // A frame of the content up to that one of `ends` (ascending) where it wastes least of its last
  // block; the first of these. Sets `end`.
  virtual std::vector<uint8_t> EncodeUpToBest(std::span<const uint8_t> content,
                                              std::span<const size_t> ends, size_t& end) = 0;
  // The frame that EncodeUpToBest made where it chose the last of `ends`.
  virtual std::vector<uint8_t> EncodeUpToLast(std::span<const uint8_t> content,
                                              std::span<const size_t> ends) = 0;
  // A frame of exactly these bytes, whether it gets shorter or not.
  virtual std::vector<uint8_t> EncodeWhole(std::span<const uint8_t> content) = 0;
};

// Throws Error{kUsage} for a codec that this program does not have, or parameters out of its range.
std::unique_ptr<FrameEncoder> MakeFrameEncoder(const Codec& codec);

// Working memory of the codec's encoder, at most.
size_t EncoderBytes(const Codec& codec);

// Blocks that hold `frame`: zeros before it, so that it ends where the last block does.
std::vector<uint8_t> AlignedToBlocks(std::span<const uint8_t> frame);

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_FRAME_ENCODER_H_
