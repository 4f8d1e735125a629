// Finds the blocks of a zstd frame without decoding it (RFC 8878, 3.1.1). Only for streamed frames:
// magic, descriptor, window, no content size.
#ifndef SLIPWAY_CHUNKER_ZSTD_FRAME_H_
#define SLIPWAY_CHUNKER_ZSTD_FRAME_H_

#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace chunker {

inline constexpr size_t kZstdFrameHeaderBytes = 6;

// The length of the frame's header or block that starts at `at`; what it says may lead beyond the
// frame's end.
size_t ZstdPieceBytes(std::span<const uint8_t> frame, size_t at);

// Throws Error where `result`, of a call of zstd, is one.
void CheckZstd(size_t result);

struct FreeZstd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace chunker

#endif  // SLIPWAY_CHUNKER_ZSTD_FRAME_H_
