#include "chunker/chunk_content.h"

#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <optional>

#include "chunker/codec.h"
#include "chunker/zstd_frame.h"

namespace chunker {
namespace {

// No content refers to more than there is of it.
constexpr int kMaxWindowLog = std::countr_zero(kMaxContentBytes);

// What comes out is as long as it is, and many are kept: decoded here first.
std::vector<uint8_t>& Scratch() {
  static thread_local std::vector<uint8_t> bytes(kMaxContentBytes);
  return bytes;
}

std::span<const uint8_t> WithoutZeros(std::span<const uint8_t> chunk) {
  const auto first = std::ranges::find_if(chunk, [](uint8_t byte) { return byte != 0; });
  return {first, chunk.end()};
}

// Decodes block by block, so as to see where each ends.
std::optional<ChunkContent> DecodeZstd(std::span<const uint8_t> frame) {
  static thread_local const std::unique_ptr<ZSTD_DCtx, FreeZstd> kContext(ZSTD_createDCtx());
  if (kContext == nullptr || frame.size() < kZstdFrameHeaderBytes) {
    return std::nullopt;
  }
  ZSTD_DCtx_reset(kContext.get(), ZSTD_reset_session_only);
  // A frame may come from a peer, and says how much memory it takes.
  ZSTD_DCtx_setParameter(kContext.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  ChunkContent out;
  out.framed = true;
  std::vector<uint8_t>& scratch = Scratch();
  ZSTD_outBuffer to{scratch.data(), scratch.size(), 0};
  size_t left = 1;
  for (size_t at = 0; at < frame.size();) {
    const size_t piece = ZstdPieceBytes(frame, at);
    if (left == 0 || piece > frame.size() - at) {
      return std::nullopt;
    }
    ZSTD_inBuffer from{frame.data() + at, piece, 0};
    while (from.pos < from.size) {
      const size_t before = from.pos + to.pos;
      left = ZSTD_decompressStream(kContext.get(), &to, &from);
      if (ZSTD_isError(left) != 0 || from.pos + to.pos == before) {
        return std::nullopt;
      }
    }
    if (at > 0) {
      out.block_ends.push_back(to.pos);
    }
    at += piece;
  }
  if (left != 0 || to.pos == 0) {
    return std::nullopt;
  }
  out.bytes.assign(scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(to.pos));
  return out;
}

std::optional<ChunkContent> DecodeLz4(std::span<const uint8_t> frame) {
  ChunkContent out;
  out.framed = true;
  std::vector<uint8_t>& scratch = Scratch();
  const int size = LZ4_decompress_safe(
      reinterpret_cast<const char*>(frame.data()), reinterpret_cast<char*>(scratch.data()),
      static_cast<int>(frame.size()), static_cast<int>(scratch.size()));
  if (size <= 0) {
    return std::nullopt;
  }
  out.bytes.assign(scratch.begin(), scratch.begin() + size);
  return out;
}

}  // namespace

ChunkContent ContentOf(std::span<const uint8_t> chunk, const std::string& codec_name) {
  const std::span<const uint8_t> frame = WithoutZeros(chunk);
  if (!frame.empty() && frame.size() <= kMaxContentBytes) {
    auto content = codec_name == kZstd ? DecodeZstd(frame) : DecodeLz4(frame);
    if (content) {
      return *std::move(content);
    }
  }
  ChunkContent out;
  out.bytes.assign(chunk.begin(), chunk.end());
  return out;
}

}  // namespace chunker
