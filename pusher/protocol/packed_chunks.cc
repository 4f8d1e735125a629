#include "pusher/protocol/packed_chunks.h"

#include <zstd.h>

#include <bit>
#include <new>

namespace pusher {
namespace {

// By nginx's security update and a libc's: level 7 is 0.3 and 1.4% more, a window of 2 MiB 0.2 and
// 1.1%, level 19 4 and 5% less for eight times the CPU.
constexpr int kPackedLevel = 9;
constexpr int kWindowLog = std::countr_zero(kMaxPackedWindowBytes);

template <typename Context>
Context* NotNull(Context* context) {
  return context == nullptr ? throw std::bad_alloc() : context;
}

}  // namespace

ChunkPacker::ChunkPacker() : context_(NotNull(ZSTD_createCCtx())) {
  chunker::CheckZstd(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kPackedLevel));
  chunker::CheckZstd(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, kWindowLog));
}

std::vector<uint8_t> ChunkPacker::Pack(base::Bytes chunk) {
  std::vector<uint8_t> out(ZSTD_compressBound(chunk.size()) + ZSTD_CStreamOutSize());
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  ZSTD_inBuffer from{chunk.data(), chunk.size(), 0};
  for (size_t left = 1; left != 0;) {
    left = ZSTD_compressStream2(context_.get(), &to, &from, ZSTD_e_flush);
    chunker::CheckZstd(left);
  }
  out.resize(to.pos);
  return out;
}

ChunkUnpacker::ChunkUnpacker() : context_(NotNull(ZSTD_createDCtx())) {
  chunker::CheckZstd(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLog));
}

std::optional<std::vector<uint8_t>> ChunkUnpacker::Unpack(base::Bytes packed, size_t size_bytes) {
  std::vector<uint8_t> out(size_bytes);
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  ZSTD_inBuffer from{packed.data(), packed.size(), 0};
  while (from.pos < from.size) {
    const size_t before = from.pos + to.pos;
    if (ZSTD_isError(ZSTD_decompressStream(context_.get(), &to, &from)) != 0 ||
        from.pos + to.pos == before) {
      return std::nullopt;
    }
  }
  return to.pos == size_bytes ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace pusher
