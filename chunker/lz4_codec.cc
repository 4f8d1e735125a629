#include "chunker/lz4_codec.h"

#include <lz4.h>
#include <lz4hc.h>

#include <algorithm>

#include "base/error.h"
#include "chunker/index.h"

namespace chunker {
namespace {

class Lz4Encoder final : public FrameEncoder {
 public:
  explicit Lz4Encoder(const Codec& codec)
      : level_(static_cast<int>(codec.level)),
        ends_tried_(1 + ParameterOr0(codec, "candidates")),
        accepted_waste_(ParameterOr0(codec, "accepted_waste")),
        state_(static_cast<size_t>(LZ4_sizeofStateHC())) {}

  size_t ends_tried() const override { return ends_tried_; }

  // lz4 blocks cannot be flushed, and each end that is tried is compressed from the start: it is
  // the one that fills the last block if the content goes on as it began.
  std::vector<uint8_t> EncodeUpToBest(std::span<const uint8_t> content,
                                      std::span<const size_t> ends, size_t& end) override {
    end = ends.front();
    std::vector<uint8_t> best = EncodeWhole(content.first(end));
    if (BlocksOf(best.size()) >= BlocksOf(end)) {
      return best;  // it is stored raw
    }
    const size_t room = BlocksOf(best.size()) * kBlockBytes;
    for (int tries = 0; tries < kMostTries && room - best.size() > accepted_waste_; ++tries) {
      const uint64_t expected_end = uint64_t{end} * room / best.size();
      const auto behind = std::upper_bound(ends.begin(), ends.end(), expected_end);
      const size_t next = behind == ends.begin() ? 0 : *(behind - 1);
      if (next <= end) {
        break;
      }
      std::vector<uint8_t> frame = EncodeWhole(content.first(next));
      if (frame.size() > room) {  // it does not go on so
        ends = ends.first(static_cast<size_t>(behind - 1 - ends.begin()));
        continue;
      }
      best = std::move(frame);
      end = next;
    }
    return best;
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
  static constexpr int kMostTries = 2;

  // An image of an earlier version has no such parameters.
  static uint64_t ParameterOr0(const Codec& codec, const std::string& name) {
    const auto found = codec.parameters.find(name);
    return found == codec.parameters.end() ? 0 : found->second;
  }
  static size_t BlocksOf(size_t bytes) { return (bytes + kBlockBytes - 1) / kBlockBytes; }

  int level_;
  size_t ends_tried_;
  uint64_t accepted_waste_;
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
