// Packs chunks of a codec that leaves much to compress (lz4) for the transfer. One zstd stream
// carries all chunks of an image, so that each profits from those before it.
#ifndef SLIPWAY_PUSHER_PROTOCOL_PACKED_CHUNKS_H_
#define SLIPWAY_PUSHER_PROTOCOL_PACKED_CHUNKS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "chunker/zstd_frame.h"

namespace pusher {

class ChunkPacker {
 public:
  ChunkPacker();

  std::vector<uint8_t> Pack(base::Bytes chunk);

 private:
  std::unique_ptr<ZSTD_CCtx, chunker::FreeZstd> context_;
};

// Of a peer that may send anything; takes a little more than kMaxPackedWindowBytes.
class ChunkUnpacker {
 public:
  ChunkUnpacker();

  // The next chunk that was packed; nullopt where `packed` is none of `size_bytes`.
  std::optional<std::vector<uint8_t>> Unpack(base::Bytes packed, size_t size_bytes);

 private:
  std::unique_ptr<ZSTD_DCtx, chunker::FreeZstd> context_;
};

inline constexpr size_t kMaxPackedWindowBytes = 4 << 20;

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_PACKED_CHUNKS_H_
