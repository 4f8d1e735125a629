#include "chunker/delta.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <new>

#include "chunker/zstd_frame.h"

namespace chunker {
namespace {

constexpr int kMaxWindowLog = std::countr_zero(kMaxDeltaWindowBytes);

}  // namespace

struct DeltaEncoder::Context {
  const std::unique_ptr<ZSTD_CCtx, FreeZstd> owned{ZSTD_createCCtx()};
  ZSTD_CCtx* const zstd = owned.get();
};

DeltaEncoder::DeltaEncoder(int level) : context_(std::make_unique<Context>()) {
  if (context_->zstd == nullptr) {
    throw std::bad_alloc();
  }
  CheckZstd(ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_compressionLevel, level));
  // The chunk's own digest is checked, and its length is known.
  CheckZstd(ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_checksumFlag, 0));
  CheckZstd(ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_contentSizeFlag, 0));
}
DeltaEncoder::~DeltaEncoder() = default;

std::vector<uint8_t> DeltaEncoder::Encode(std::span<const uint8_t> content,
                                          std::span<const uint8_t> prefix) {
  ZSTD_CCtx* const zstd = context_->zstd;
  CheckZstd(ZSTD_CCtx_reset(zstd, ZSTD_reset_session_only));
  const int needed = static_cast<int>(std::bit_width(prefix.size() + content.size()));
  CheckZstd(ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, std::clamp(needed, 17, kMaxWindowLog)));
  CheckZstd(ZSTD_CCtx_refPrefix(zstd, prefix.data(), prefix.size()));
  std::vector<uint8_t> out(ZSTD_compressBound(content.size()));
  const size_t size = ZSTD_compress2(zstd, out.data(), out.size(), content.data(), content.size());
  CheckZstd(size);
  out.resize(size);
  return out;
}

std::optional<std::vector<uint8_t>> DecodeDelta(std::span<const uint8_t> delta,
                                                std::span<const uint8_t> prefix,
                                                size_t content_bytes) {
  static thread_local const std::unique_ptr<ZSTD_DCtx, FreeZstd> kContext(ZSTD_createDCtx());
  if (kContext == nullptr) {
    throw std::bad_alloc();
  }
  ZSTD_DCtx_reset(kContext.get(), ZSTD_reset_session_and_parameters);
  CheckZstd(ZSTD_DCtx_setParameter(kContext.get(), ZSTD_d_windowLogMax, kMaxWindowLog));
  CheckZstd(ZSTD_DCtx_refPrefix(kContext.get(), prefix.data(), prefix.size()));
  std::vector<uint8_t> out(content_bytes);
  const size_t size =
      ZSTD_decompressDCtx(kContext.get(), out.data(), out.size(), delta.data(), delta.size());
  if (ZSTD_isError(size) != 0 || size != content_bytes) {
    return std::nullopt;
  }
  return out;
}

}  // namespace chunker
