#include "chunker/lz4_codec.h"

#include <lz4.h>
#include <lz4hc.h>

#include <algorithm>

#include "base/error.h"
#include "chunker/cut.h"
#include "chunker/index.h"

namespace chunker {
namespace {

// Stock mkfs.erofs -C65536 fills 16 and ends anywhere; measured in docs/formats/erofs.md.
constexpr size_t kFilledBlocks = 17;
constexpr size_t kMostBlocks = 20;  // of content up to its cut, so that no short rest is left

class Lz4Encoder final : public FrameEncoder {
 public:
  explicit Lz4Encoder(const Codec& codec)
      : level_(static_cast<int>(codec.level)), state_(static_cast<size_t>(LZ4_sizeofStateHC())) {}

  size_t ends_tried() const override { return 1; }

  // All of the content if it takes few blocks, otherwise what fills some: up to the last place that
  // content defines there. What lz4 takes into a given room is found with more content behind it,
  // so that the frame alone may come out longer.
  std::vector<uint8_t> EncodeUpToBest(std::span<const uint8_t> content,
                                      std::span<const size_t> ends, size_t& end) override {
    content = content.first(ends.front());
    const size_t room = kFilledBlocks * kBlockBytes;
    size_t last = BytesThatFill(content, room);
    if (content.size() * kFilledBlocks <= last * (kMostBlocks + 1)) {
      end = content.size();
      std::vector<uint8_t> whole = EncodeInto(content, kMostBlocks * kBlockBytes);
      if (!whole.empty()) {
        return whole;
      }
    }
    last = std::min(last, content.size() - kLeastRestBytes);
    for (;; last = end - 1) {
      end = LastFineCut(content, last);
      std::vector<uint8_t> frame = EncodeInto(content.first(end), room);
      if (!frame.empty()) {
        return frame;
      }
    }
  }

  std::vector<uint8_t> EncodeUpToLast(std::span<const uint8_t> content,
                                      std::span<const size_t> ends) override {
    return EncodeWhole(content.first(ends.back()));
  }

  std::vector<uint8_t> EncodeWhole(std::span<const uint8_t> content) override {
    const int bound = LZ4_compressBound(static_cast<int>(content.size()));
    std::vector<uint8_t> out = EncodeInto(content, static_cast<size_t>(bound));
    if (out.empty()) {
      base::Fail(base::ExitCode::kFailed, "lz4 could not compress {} bytes", content.size());
    }
    return out;
  }

 private:
  static constexpr size_t kLeastRestBytes = 16 << 10;  // long enough for chunks of any kind

  // Nothing if the frame is longer than `room`.
  std::vector<uint8_t> EncodeInto(std::span<const uint8_t> content, size_t room) {
    std::vector<uint8_t> out(room);
    const int written = LZ4_compress_HC_extStateHC(
        state_.data(), reinterpret_cast<const char*>(content.data()),
        reinterpret_cast<char*>(out.data()), static_cast<int>(content.size()),
        static_cast<int>(out.size()), level_);
    out.resize(static_cast<size_t>(std::max(written, 0)));
    return out;
  }

  size_t BytesThatFill(std::span<const uint8_t> content, size_t room) {
    std::vector<char> out(room);
    int bytes = static_cast<int>(content.size());
    LZ4_compress_HC_destSize(state_.data(), reinterpret_cast<const char*>(content.data()),
                             out.data(), &bytes, static_cast<int>(out.size()), level_);
    return static_cast<size_t>(bytes);
  }

  int level_;
  std::vector<uint8_t> state_;
};

}  // namespace

const char* Lz4Version() { return LZ4_versionString(); }

std::map<std::string, uint64_t> Lz4Parameters(uint64_t /*level*/) {
  return {{"filled_blocks", kFilledBlocks}, {"most_blocks", kMostBlocks}};
}

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
  constexpr uint16_t kLongestChunk = kMaxChunkBytes / kBlockBytes;
  std::vector<uint8_t> out(14, 0);
  out[0] = out[1] = 0xFF;
  out[2] = kLongestChunk & 0xFFU;
  out[3] = kLongestChunk >> 8U;
  return out;
}

}  // namespace chunker
