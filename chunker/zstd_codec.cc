#include "chunker/zstd_codec.h"

#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_getCParams, ZSTD_c_stableInBuffer, the size of a context
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <climits>
#include <utility>

#include "base/error.h"
#include "chunker/zstd_frame.h"

namespace chunker {
namespace {

// No content refers to more than there is of it.
constexpr int kMaxContentLog = std::countr_zero(kMaxContentBytes);

constexpr uint64_t kCandidates = 16;  // how many later ends are tried for the first one's sake
// Where a frame wastes no more, no later end is tried: what is compressed beyond the end is
// compressed again.
constexpr uint64_t kAcceptedWasteBytes = 400;
constexpr uint64_t kZstdWindowLog =
    20;  // a chunk is at most 1 MiB; must not exceed the superblock's
// One parameter class for chunks of every length: the bytes must not depend on the length (and it
// is 2% smaller than zstd's own choice for small inputs).
constexpr uint64_t kZstdSourceHintBytes = 256 << 10;
// A larger table does not stay in a core's cache: 3% less CPU for 0.02% of size.
constexpr uint64_t kMostHashLog = 18;
// Up to the default level: 10% less CPU for 0.1 to 0.4% of size.
constexpr uint64_t kMostSearchLog = 4;
constexpr uint64_t kLastFastLevel = 9;
// A read decodes whole blocks up to its end; and what is short is coded for what is in it.
constexpr uint64_t kZstdMaxBlockBytes = 32 << 10;

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

}  // namespace

const char* ZstdVersion() { return ZSTD_versionString(); }

std::map<std::string, uint64_t> ZstdParameters(uint64_t level) {
  const ZSTD_compressionParameters chosen =
      ZSTD_getCParams(static_cast<int>(level), kZstdSourceHintBytes, 0);
  const uint64_t search_log = level <= kLastFastLevel
                                  ? std::min<uint64_t>(chosen.searchLog, kMostSearchLog)
                                  : chosen.searchLog;
  return {{"candidates", kCandidates},
          {"accepted_waste", kAcceptedWasteBytes},
          {"max_block", kZstdMaxBlockBytes},
          {"window_log", kZstdWindowLog},
          {"chain_log", chosen.chainLog},
          {"hash_log", std::min<uint64_t>(chosen.hashLog, kMostHashLog)},
          {"search_log", search_log},
          {"min_match", chosen.minMatch},
          {"target_length", chosen.targetLength},
          {"strategy", static_cast<uint64_t>(chosen.strategy)}};
}

std::unique_ptr<FrameEncoder> MakeZstdEncoder(const Codec& codec) {
  return std::make_unique<ZstdEncoder>(codec);
}

size_t ZstdEncoderBytes(const Codec& codec) {
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

// Decodes block by block, so as to see where each ends.
std::optional<FrameContent> DecodeZstd(std::span<const uint8_t> frame, std::span<uint8_t> scratch) {
  static thread_local const std::unique_ptr<ZSTD_DCtx, FreeZstd> kContext(ZSTD_createDCtx());
  if (kContext == nullptr || frame.size() < kZstdFrameHeaderBytes) {
    return std::nullopt;
  }
  ZSTD_DCtx_reset(kContext.get(), ZSTD_reset_session_only);
  // A frame may come from a peer, and says how much memory it takes.
  ZSTD_DCtx_setParameter(kContext.get(), ZSTD_d_windowLogMax, kMaxContentLog);
  FrameContent out;
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

// struct z_erofs_zstd_cfgs: format, window log less 10, 4 unused.
std::vector<uint8_t> ZstdErofsRecord(const Codec& codec) {
  return {0, static_cast<uint8_t>(codec.parameters.at("window_log") - 10), 0, 0, 0, 0};
}

}  // namespace chunker
