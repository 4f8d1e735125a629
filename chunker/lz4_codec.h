// lz4 (its slow, "high compression" encoder) as an image's codec. It has no flush. Its parameters
// are ours: how many later ends of a chunk are looked at, and the bytes of its last block that may
// be wasted.
#ifndef SLIPWAY_CHUNKER_LZ4_CODEC_H_
#define SLIPWAY_CHUNKER_LZ4_CODEC_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "chunker/codec.h"
#include "chunker/frame.h"

namespace chunker {

const char* Lz4Version();
std::unique_ptr<FrameEncoder> MakeLz4Encoder(const Codec& codec);
size_t Lz4EncoderBytes(const Codec& codec);
std::optional<FrameContent> DecodeLz4(std::span<const uint8_t> frame, std::span<uint8_t> scratch);
std::vector<uint8_t> Lz4ErofsRecord(const Codec& codec);

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_LZ4_CODEC_H_
