#include "chunker/zstd_frame.h"

#include "base/error.h"

namespace chunker {
namespace {

constexpr size_t kBlockHeaderBytes = 3;  // last 1 bit, type 2 bits, size 21 bits
constexpr uint32_t kRunLengthBlock = 1;

}  // namespace

size_t ZstdPieceBytes(std::span<const uint8_t> frame, size_t at) {
  if (at == 0) {
    return kZstdFrameHeaderBytes;
  }
  if (frame.size() - at < kBlockHeaderBytes) {
    return kBlockHeaderBytes;
  }
  const uint32_t header =
      frame[at] | uint32_t{frame[at + 1]} << 8U | uint32_t{frame[at + 2]} << 16U;
  return kBlockHeaderBytes + (((header >> 1U) & 3U) == kRunLengthBlock ? 1 : header >> 3U);
}

void CheckZstd(size_t result) {
  if (ZSTD_isError(result) != 0) {
    base::Fail(base::ExitCode::kFailed, "zstd: {}", ZSTD_getErrorName(result));
  }
}

}  // namespace chunker
