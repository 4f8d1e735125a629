// The compressed bytes of a chunk are a function of its content, of the places where the frame was
// flushed, and of the codec as it is recorded in the image's manifest: whoever has the content
// makes the same chunk of it.
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
