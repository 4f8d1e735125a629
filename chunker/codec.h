// The codecs. A chunk's compressed bytes depend only on its content, on the places where the frame
// was flushed, and on the codec in the image's manifest, so both sides of a push compress the same
// content to the same chunk.
#ifndef SLIPWAY_CHUNKER_CODEC_H_
#define SLIPWAY_CHUNKER_CODEC_H_

#include <cstdint>
#include <map>
#include <string>

namespace chunker {

inline constexpr size_t kBlockBytes = 4096;  // a chunk is a multiple of this

struct Codec {
  std::string name;             // in the table: codec_table.h
  std::string library_version;  // "1.5.7"; its output is part of the format
  uint64_t level = 0;
  std::map<std::string, uint64_t> parameters;
  bool operator==(const Codec&) const = default;
};

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_CODEC_H_
