// zstd as an image's codec: frames that were flushed at places where content lets a chunk end.
#ifndef SLIPWAY_CHUNKER_ZSTD_CODEC_H_
#define SLIPWAY_CHUNKER_ZSTD_CODEC_H_

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

const char* ZstdVersion();
// What a level stands for, all of it recorded in the manifest.
std::map<std::string, uint64_t> ZstdParameters(uint64_t level);
// Throws Error{kUsage} for parameters that are missing or out of range, as does the next.
std::unique_ptr<FrameEncoder> MakeZstdEncoder(const Codec& codec);
size_t ZstdEncoderBytes(const Codec& codec);
std::optional<FrameContent> DecodeZstd(std::span<const uint8_t> frame, std::span<uint8_t> scratch);
std::vector<uint8_t> ZstdErofsRecord(const Codec& codec);

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_ZSTD_CODEC_H_
