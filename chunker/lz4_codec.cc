#include "chunker/lz4_codec.h"

#include <lz4.h>
#include <lz4hc.h>

#include "base/error.h"
#include "chunker/index.h"

namespace chunker {
namespace {

class Lz4Encoder final : public FrameEncoder {
 public:
  explicit Lz4Encoder(const Codec& codec)
      : level_(static_cast<int>(codec.level)), state_(static_cast<size_t>(LZ4_sizeofStateHC())) {}

  // lz4 blocks cannot be flushed: the coarse cut it is.
  size_t ends_tried() const override { return 1; }

  std::vector<uint8_t> EncodeUpToBest(std::span<const uint8_t> content,
                                      std::span<const size_t> ends, size_t& end) override {
    end = ends.front();
    return EncodeWhole(content.first(end));
  }

  std::vector<uint8_t> EncodeUpToLast(std::span<const uint8_t> content,
                                      std::span<const size_t> ends) override {
    return EncodeWhole(content.first(ends.back()));
  }

  std::vector<uint8_t> EncodeWhole(std::span<const uint8_t> content) override {
    const int size = static_cast<int>(content.size());
    std::vector<uint8_t> out(static_cast<size_t>(LZ4_compressBound(size)));
    const int written = LZ4_compress_HC_extStateHC(
        state_.data(), reinterpret_cast<const char*>(content.data()),
        reinterpret_cast<char*>(out.data()), size, static_cast<int>(out.size()), level_);
    if (written <= 0) {
      base::Fail(base::ExitCode::kFailed, "lz4 could not compress {} bytes", content.size());
    }
    out.resize(static_cast<size_t>(written));
    return out;
  }

 private:
  int level_;
  std::vector<uint8_t> state_;
};

}  // namespace

const char* Lz4Version() { return LZ4_versionString(); }

std::unique_ptr<FrameEncoder> MakeLz4Encoder(const Codec& codec) {
  return std::make_unique<Lz4Encoder>(codec);
}

size_t Lz4EncoderBytes(const Codec&) { return static_cast<size_t>(LZ4_sizeofStateHC()); }

std::optional<FrameContent> DecodeLz4(std::span<const uint8_t> frame, std::span<uint8_t> scratch) {
  const int size = LZ4_decompress_safe(
      reinterpret_cast<const char*>(frame.data()), reinterpret_cast<char*>(scratch.data()),
      static_cast<int>(frame.size()), static_cast<int>(scratch.size()));
  if (size <= 0) {
    return std::nullopt;
  }
  return FrameContent{{scratch.begin(), scratch.begin() + size}, {}};
}

// struct z_erofs_lz4_cfgs: longest distance, most blocks of a pcluster (16 bits each), 10 unused.
std::vector<uint8_t> Lz4ErofsRecord(const Codec&) {
  constexpr uint16_t kMostBlocks = kMaxChunkBytes / kBlockBytes;
  std::vector<uint8_t> out(14, 0);
  out[0] = out[1] = 0xFF;
  out[2] = kMostBlocks & 0xFFU;
  out[3] = kMostBlocks >> 8U;
  return out;
}

}  // namespace chunker
