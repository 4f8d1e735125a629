// lz4 (its slow, "high compression" encoder) as an image's codec. It has no flush. Its parameters
// are ours: how many blocks a chunk fills, and how many a whole coarse chunk may take.
#ifndef SLIPWAY_CHUNKER_LZ4_CODEC_H_
#define SLIPWAY_CHUNKER_LZ4_CODEC_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "chunker/codec.h"
#include "chunker/frame.h"

namespace chunker {

const char* Lz4Version();
std::map<std::string, uint64_t> Lz4Parameters(uint64_t level);
std::unique_ptr<FrameEncoder> MakeLz4Encoder(const Codec& codec);
size_t Lz4EncoderBytes(const Codec& codec);
std::optional<FrameContent> DecodeLz4(std::span<const uint8_t> frame, std::span<uint8_t> scratch);
std::vector<uint8_t> Lz4ErofsRecord(const Codec& codec);

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_LZ4_CODEC_H_
