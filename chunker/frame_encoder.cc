#include "chunker/frame_encoder.h"

#include <lz4.h>
#include <lz4hc.h>
#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_estimateCStreamSize_usingCParams, ZSTD_c_stableInBuffer
#include <zstd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "base/error.h"
#include "chunker/zstd_frame.h"

namespace chunker {
namespace {

constexpr const char* kCandidatesParameter = "candidates";
constexpr const char* kAcceptedWasteParameter = "accepted_waste";
constexpr const char* kMaxBlockParameter = "max_block";
constexpr std::array kParameters = {
    std::pair{"window_log", ZSTD_c_windowLog}, std::pair{"chain_log", ZSTD_c_chainLog},
    std::pair{"hash_log", ZSTD_c_hashLog},     std::pair{"search_log", ZSTD_c_searchLog},
    std::pair{"min_match", ZSTD_c_minMatch},   std::pair{"target_length", ZSTD_c_targetLength},
    std::pair{"strategy", ZSTD_c_strategy}};

uint64_t ParameterOr0(const Codec& codec, const std::string& name) {
  const auto found = codec.parameters.find(name);
  return found == codec.parameters.end() ? 0 : found->second;
}

// A manifest may come from another program, and zstd takes 0 for "the level's own"; level 1 has a
// target length of 0 itself.
uint64_t ZstdParameterOf(const Codec& codec, const std::string& name) {
  const uint64_t value = ParameterOr0(codec, name);
  if (value == 0 && (name != "target_length" || !codec.parameters.contains(name))) {
    base::Fail(base::ExitCode::kUsage, "the {} codec needs the parameter {}", codec.name, name);
  }
  return value;
}

size_t WasteOf(size_t frame_bytes) {
  return (kBlockBytes - frame_bytes % kBlockBytes) % kBlockBytes;
}

// A frame whose blocks are flushed where it may end, so that it can end at any of these places
// afterwards.
class ZstdEncoder final : public FrameEncoder {
 public:
  explicit ZstdEncoder(const Codec& codec)
      : candidates_(ParameterOr0(codec, kCandidatesParameter)),
        accepted_waste_(ParameterOr0(codec, kAcceptedWasteParameter)),
        context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) {
      throw std::bad_alloc();
    }
    Set(ZSTD_c_compressionLevel, codec.level);
    for (const auto& [name, parameter] : kParameters) {
      Set(parameter, ZstdParameterOf(codec, name));
    }
    Set(ZSTD_c_maxBlockSize, ParameterOr0(codec, kMaxBlockParameter));  // 0: zstd's own limit
    Set(ZSTD_c_stableInBuffer, 1);                                      // no copy of the content
  }

  size_t ends_tried() const override { return 1 + candidates_; }

  std::vector<uint8_t> EncodeUpToBest(std::span<const uint8_t> content,
                                      std::span<const size_t> ends, size_t& end) override {
    ZSTD_outBuffer out = Start(content.size());
    ZSTD_inBuffer in{content.data(), 0, 0};
    size_t best_bytes = 0;
    for (const size_t next : ends) {
      in.size = next;
      Flush(in, out);
      if (best_bytes == 0 || WasteOf(out.pos) < WasteOf(best_bytes)) {
        best_bytes = out.pos;
        end = next;
      }
      if (WasteOf(best_bytes) <= accepted_waste_) {
        break;
      }
    }
    return FrameEndingAt(best_bytes);
  }

  std::vector<uint8_t> EncodeUpToLast(std::span<const uint8_t> content,
                                      std::span<const size_t> ends) override {
    ZSTD_outBuffer out = Start(content.size());
    ZSTD_inBuffer in{content.data(), 0, 0};
    for (const size_t next : ends) {
      in.size = next;
      Flush(in, out);
    }
    return FrameEndingAt(out.pos);
  }

  std::vector<uint8_t> EncodeWhole(std::span<const uint8_t> content) override {
    CheckZstd(ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only));
    std::vector<uint8_t> out(ZSTD_compressBound(content.size()));
    const size_t size =
        ZSTD_compress2(context_.get(), out.data(), out.size(), content.data(), content.size());
    CheckZstd(size);
    out.resize(size);
    return out;
  }

 private:
  void Set(ZSTD_cParameter parameter, uint64_t value) {
    CheckZstd(ZSTD_CCtx_setParameter(context_.get(), parameter,
                                     static_cast<int>(std::min<uint64_t>(value, INT_MAX))));
  }

  ZSTD_outBuffer Start(size_t content_bytes) {
    CheckZstd(ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only));
    frame_.resize(std::max(frame_.size(), ZSTD_compressBound(content_bytes) + 1024));
    return {frame_.data(), frame_.size(), 0};
  }

  void Flush(ZSTD_inBuffer& in, ZSTD_outBuffer& out) {
    for (size_t left = 1; left != 0;) {
      left = ZSTD_compressStream2(context_.get(), &out, &in, ZSTD_e_flush);
      CheckZstd(left);
      if (left != 0 && out.pos == out.size) {  // a block has a header: too many flush points
        base::Fail(base::ExitCode::kUsage, "a frame of {} bytes cannot be flushed so often",
                   in.size);
      }
    }
  }

  // Ends the frame after `size` of its bytes, a flush point: sets the last-block bit of the block
  // before it (RFC 8878, 3.1.1.2).
  std::vector<uint8_t> FrameEndingAt(size_t size) const {
    std::vector<uint8_t> out(frame_.begin(), frame_.begin() + static_cast<std::ptrdiff_t>(size));
    size_t last = 0;
    for (size_t at = 0; at < size; at += ZstdPieceBytes(out, at)) {
      last = at;
    }
    out[last] |= 1U;
    return out;
  }

  const size_t candidates_;
  const size_t accepted_waste_;
  const std::unique_ptr<ZSTD_CCtx, FreeZstd> context_;
  std::vector<uint8_t> frame_;  // keeps its memory from call to call
};

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

std::unique_ptr<FrameEncoder> MakeFrameEncoder(const Codec& codec) {
  if (codec.name == kZstd) {
    return std::make_unique<ZstdEncoder>(codec);
  }
  if (codec.name == kLz4) {
    return std::make_unique<Lz4Encoder>(codec);
  }
  base::Fail(base::ExitCode::kUsage, "there is no codec {}", codec.name);
}

std::string LibraryVersion(const std::string& codec_name) {
  if (codec_name == kZstd) {
    return ZSTD_versionString();
  }
  return codec_name == kLz4 ? LZ4_versionString() : "";
}

size_t EncoderBytes(const Codec& codec) {
  if (codec.name == kLz4) {
    return static_cast<size_t>(LZ4_sizeofStateHC());
  }
  const auto log = [&](const char* name) {
    return static_cast<unsigned>(std::min<uint64_t>(ZstdParameterOf(codec, name), 31));
  };
  ZSTD_compressionParameters parameters{};
  parameters.windowLog = log("window_log");
  parameters.chainLog = log("chain_log");
  parameters.hashLog = log("hash_log");
  parameters.searchLog = log("search_log");
  parameters.minMatch = log("min_match");
  parameters.strategy = static_cast<ZSTD_strategy>(log("strategy"));
  return ZSTD_estimateCStreamSize_usingCParams(parameters);
}

std::vector<uint8_t> AlignedToBlocks(std::span<const uint8_t> frame) {
  std::vector<uint8_t> out(WasteOf(frame.size()), 0);
  out.insert(out.end(), frame.begin(), frame.end());
  return out;
}

}  // namespace chunker
