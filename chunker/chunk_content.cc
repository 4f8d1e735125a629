#include "chunker/chunk_content.h"

#include <algorithm>

#include "chunker/codec_table.h"

namespace chunker {
namespace {

// What comes out is as long as it is, and many are kept: decoded here first.
std::vector<uint8_t>& Scratch() {
  static thread_local std::vector<uint8_t> bytes(kMaxContentBytes);
  return bytes;
}

std::span<const uint8_t> WithoutZeros(std::span<const uint8_t> chunk) {
  const auto first = std::ranges::find_if(chunk, [](uint8_t byte) { return byte != 0; });
  return {first, chunk.end()};
}

}  // namespace

ChunkContent ContentOf(std::span<const uint8_t> chunk, const std::string& codec_name) {
  const CodecKind& codec = CodecNamed(codec_name);
  const std::span<const uint8_t> frame = WithoutZeros(chunk);
  if (!frame.empty() && frame.size() <= kMaxContentBytes) {
    if (auto content = codec.decode(frame, Scratch())) {
      return {std::move(content->bytes), /*framed=*/true, std::move(content->block_ends)};
    }
  }
  ChunkContent out;
  out.bytes.assign(chunk.begin(), chunk.end());
  return out;
}

}  // namespace chunker
