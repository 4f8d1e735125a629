#include "builder/compressor.h"

#include <lz4.h>
#include <lz4hc.h>
#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_getCParams
#include <zstd.h>

#include <algorithm>

#include "base/error.h"
#include "builder/chunk_cache.h"
#include "builder/erofs_format.h"

namespace builder {
namespace {

using erofs::BlocksOf;
using erofs::kBlockBytes;

constexpr uint64_t kCandidates = 12;  // how many later ends are tried for the first one's sake
constexpr const char* kCandidatesParameter = "candidates";
// Where a frame wastes no more, no later end is tried: what is compressed beyond the end is
// compressed again.
constexpr uint64_t kAcceptedWasteBytes = 256;
constexpr const char* kAcceptedWasteParameter = "accepted_waste";
constexpr uint64_t kZstdWindowLog =
    20;  // a chunk is at most 1 MiB; must not exceed the superblock's
// One parameter class for chunks of every length: the bytes must not depend on the length (and it
// is 2% smaller than zstd's own choice for small inputs).
constexpr uint64_t kZstdSourceHintBytes = 256 << 10;

size_t WasteOf(size_t frame_bytes) {
  return (kBlockBytes - frame_bytes % kBlockBytes) % kBlockBytes;
}

void CheckZstd(size_t result) {
  if (ZSTD_isError(result) != 0) {
    base::Fail(base::Code::kFailed, "zstd: {}", ZSTD_getErrorName(result));
  }
}

// A frame whose blocks are flushed where it may end, so that it can end at any of these places
// afterwards.
class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor(const images::Codec& codec, ChunkCache* cache)
      : Compressor(codec, cache),
        candidates_(codec.parameters.at(kCandidatesParameter)),
        accepted_waste_(codec.parameters.at(kAcceptedWasteParameter)),
        context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) {
      throw std::bad_alloc();
    }
    Set(ZSTD_c_compressionLevel, codec.level);
    for (const auto& [name, parameter] : Parameters()) {
      Set(parameter, codec.parameters.at(name));
    }
    Set(ZSTD_c_stableInBuffer, 1);  // no copy of the content
  }
  ~ZstdCompressor() override { ZSTD_freeCCtx(context_); }
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;

  static const std::map<std::string, ZSTD_cParameter>& Parameters() {
    static const std::map<std::string, ZSTD_cParameter> kParameters = {
        {"window_log", ZSTD_c_windowLog}, {"chain_log", ZSTD_c_chainLog},
        {"hash_log", ZSTD_c_hashLog},     {"search_log", ZSTD_c_searchLog},
        {"min_match", ZSTD_c_minMatch},   {"target_length", ZSTD_c_targetLength},
        {"strategy", ZSTD_c_strategy},
    };
    return kParameters;
  }

 protected:
  size_t ends_tried() const override { return 1 + candidates_; }

  std::vector<uint8_t> CompressUpToBest(const ChunkInput& input, size_t& end) override {
    CheckZstd(ZSTD_CCtx_reset(context_, ZSTD_reset_session_only));
    frame_.resize(std::max(frame_.size(), ZSTD_compressBound(input.content.size()) + 1024));
    ZSTD_inBuffer in{input.content.data(), 0, 0};
    ZSTD_outBuffer out{frame_.data(), frame_.size(), 0};
    size_t best_bytes = 0;
    for (const size_t next : input.ends) {
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

  std::vector<uint8_t> CompressWhole(std::span<const uint8_t> content) override {
    CheckZstd(ZSTD_CCtx_reset(context_, ZSTD_reset_session_only));
    std::vector<uint8_t> out(ZSTD_compressBound(content.size()));
    const size_t size =
        ZSTD_compress2(context_, out.data(), out.size(), content.data(), content.size());
    CheckZstd(size);
    out.resize(size);
    return out;
  }

 private:
  void Set(ZSTD_cParameter parameter, uint64_t value) {
    CheckZstd(ZSTD_CCtx_setParameter(context_, parameter, static_cast<int>(value)));
  }

  void Flush(ZSTD_inBuffer& in, ZSTD_outBuffer& out) {
    for (size_t left = 1; left != 0;) {
      left = ZSTD_compressStream2(context_, &out, &in, ZSTD_e_flush);
      CheckZstd(left);
    }
  }

  // Ends the frame after `size` of its bytes, a flush point: sets the last-block bit of the block
  // before it (RFC 8878, 3.1.1.2: 3 bytes: last 1 bit, type 2 bits, size 21 bits).
  std::vector<uint8_t> FrameEndingAt(size_t size) const {
    constexpr size_t kFrameHeaderBytes =
        6;  // magic, descriptor, window: streamed, so no content size
    constexpr uint32_t kRunLengthBlock = 1;
    std::vector<uint8_t> out(frame_.begin(), frame_.begin() + static_cast<std::ptrdiff_t>(size));
    size_t last = kFrameHeaderBytes;
    for (size_t at = kFrameHeaderBytes; at < size;) {
      const uint32_t header = out[at] | uint32_t{out[at + 1]} << 8U | uint32_t{out[at + 2]} << 16U;
      last = at;
      at += 3 + (((header >> 1U) & 3U) == kRunLengthBlock ? 1 : header >> 3U);
    }
    out[last] |= 1U;
    return out;
  }

  const size_t candidates_;
  const size_t accepted_waste_;
  ZSTD_CCtx* context_;
  std::vector<uint8_t> frame_;  // keeps its memory from call to call
};

class Lz4Compressor final : public Compressor {
 public:
  Lz4Compressor(const images::Codec& codec, ChunkCache* cache)
      : Compressor(codec, cache),
        level_(static_cast<int>(codec.level)),
        state_(static_cast<size_t>(LZ4_sizeofStateHC())) {}

 protected:
  // lz4 blocks cannot be flushed: the coarse cut it is.
  size_t ends_tried() const override { return 1; }

  std::vector<uint8_t> CompressUpToBest(const ChunkInput& input, size_t& end) override {
    end = input.ends.front();
    return CompressWhole(input.content.first(end));
  }

  std::vector<uint8_t> CompressWhole(std::span<const uint8_t> content) override {
    const int size = static_cast<int>(content.size());
    std::vector<uint8_t> out(static_cast<size_t>(LZ4_compressBound(size)));
    const int written = LZ4_compress_HC_extStateHC(
        state_.data(), reinterpret_cast<const char*>(content.data()),
        reinterpret_cast<char*>(out.data()), size, static_cast<int>(out.size()), level_);
    if (written <= 0) {
      base::Fail(base::Code::kFailed, "lz4 could not compress {} bytes", content.size());
    }
    out.resize(static_cast<size_t>(written));
    return out;
  }

 private:
  int level_;
  std::vector<uint8_t> state_;
};

// One extent whose frame ends at the end of the chunk's last block, zeros before it.
void AppendFrame(std::span<const uint8_t> frame, size_t content_bytes, StoredChunk& chunk) {
  const auto first = static_cast<uint32_t>(chunk.blocks.size() / kBlockBytes);
  const auto blocks = static_cast<uint32_t>(BlocksOf(frame.size()));
  chunk.blocks.resize(chunk.blocks.size() + WasteOf(frame.size()), 0);
  chunk.blocks.insert(chunk.blocks.end(), frame.begin(), frame.end());
  chunk.extents.push_back({static_cast<uint32_t>(content_bytes), first, blocks, false});
}

}  // namespace

uint64_t StoredChunk::content_bytes() const {
  uint64_t total = 0;
  for (const ExtentShape& extent : extents) {
    total += extent.content_bytes;
  }
  return total;
}

// Content that does not shrink. A raw extent is one block and a cluster holds one head, so: whole
// blocks, and where a remainder is left, the last 8192 + r bytes as a frame, long enough to carry
// its number of blocks. At the end of a file the last raw block may be partial instead.
StoredChunk Compressor::MakeRaw(std::span<const uint8_t> content, bool ends_file) {
  StoredChunk chunk;
  const size_t remainder = content.size() % kBlockBytes;
  size_t plain = content.size();
  if (remainder != 0 && !ends_file) {
    plain -= remainder + 2 * kBlockBytes;
  }
  for (size_t at = 0; at < plain; at += kBlockBytes) {
    const size_t length = std::min<size_t>(kBlockBytes, plain - at);
    const auto first = static_cast<uint32_t>(chunk.blocks.size() / kBlockBytes);
    const std::span<const uint8_t> part = content.subspan(at, length);
    chunk.blocks.insert(chunk.blocks.end(), part.begin(), part.end());
    chunk.blocks.resize(BlocksOf(chunk.blocks.size()) * kBlockBytes, 0);
    chunk.extents.push_back({static_cast<uint32_t>(length), first, 1, true});
  }
  if (plain < content.size()) {
    AppendFrame(CompressWhole(content.subspan(plain)), content.size() - plain, chunk);
  }
  return chunk;
}

std::vector<StoredChunk> Compressor::Compress(std::span<const uint8_t> content,
                                              const chunker::CutFinder& cuts, bool ends_file,
                                              uint32_t tail_bytes) {
  std::vector<StoredChunk> out;
  size_t at = 0;
  while (at < content.size()) {
    const std::span<const uint8_t> rest = content.subspan(at);
    if (ends_file && rest.size() < tail_bytes) {
      break;
    }
    const ChunkInput input = FirstChunkOf(rest, cuts, ends_file);
    StoredChunk chunk = ChunkOf(input);
    at += chunk.content_bytes();
    out.push_back(std::move(chunk));
  }
  return out;
}

ChunkInput Compressor::FirstChunkOf(std::span<const uint8_t> rest, const chunker::CutFinder& cuts,
                                    bool ends_file) const {
  ChunkInput out;
  const size_t coarse_end = cuts.FirstCut(rest);
  if (rest.size() - coarse_end < cuts.sizes().min_bytes) {
    // No last chunk too short to be an extent.
    out.ends = {rest.size()};
    out.ends_file = ends_file;
  } else {
    out.ends = {coarse_end};
    while (out.ends.size() < ends_tried() &&
           out.ends.back() + cuts.sizes().min_bytes < rest.size()) {
      out.ends.push_back(cuts.NextCandidate(rest, out.ends.back()));
    }
  }
  out.content = rest.first(out.ends.back());
  return out;
}

StoredChunk Compressor::ChunkOf(const ChunkInput& input) {
  if (cache_ == nullptr) {
    return MakeChunk(input);
  }
  const base::Sha256 key = cache_->KeyOf(input, codec_);
  if (auto found = cache_->Find(key)) {
    return *std::move(found);
  }
  StoredChunk chunk = MakeChunk(input);
  cache_->Store(key, chunk);
  return chunk;
}

StoredChunk Compressor::MakeChunk(const ChunkInput& input) {
  size_t end = 0;
  const std::vector<uint8_t> frame = CompressUpToBest(input, end);
  const bool no_room_for_count =
      end < erofs::kMinBigPclusterExtentBytes && frame.size() > kBlockBytes;
  StoredChunk chunk;
  if (no_room_for_count || BlocksOf(frame.size()) >= BlocksOf(end)) {
    chunk = MakeRaw(input.content.first(end), input.ends_file);
  } else {
    AppendFrame(frame, end, chunk);
  }
  chunk.id = base::Sha256Of(chunk.blocks);
  return chunk;
}

std::unique_ptr<Compressor> MakeCompressor(const images::Codec& codec, ChunkCache* cache) {
  if (codec.name == "zstd") {
    return std::make_unique<ZstdCompressor>(codec, cache);
  }
  return std::make_unique<Lz4Compressor>(codec, cache);
}

images::Codec CodecFor(images::Target target, uint64_t level) {
  const uint64_t least = target == images::Target::kZstd ? 1 : LZ4HC_CLEVEL_MIN;
  const uint64_t most = target == images::Target::kZstd ? 19 : LZ4HC_CLEVEL_MAX;
  if (level < least || level > most) {
    base::Fail(base::Code::kUsage, "level {} is not possible: {} to {}", level, least, most);
  }
  images::Codec codec;
  codec.level = level;
  if (target == images::Target::kLz4) {
    codec.name = "lz4hc";
    codec.library_version = LZ4_versionString();
    return codec;
  }
  codec.name = "zstd";
  codec.library_version = ZSTD_versionString();
  const ZSTD_compressionParameters chosen =
      ZSTD_getCParams(static_cast<int>(level), kZstdSourceHintBytes, 0);
  codec.parameters = {{kCandidatesParameter, kCandidates},
                      {kAcceptedWasteParameter, kAcceptedWasteBytes},
                      {"window_log", kZstdWindowLog},
                      {"chain_log", chosen.chainLog},
                      {"hash_log", chosen.hashLog},
                      {"search_log", chosen.searchLog},
                      {"min_match", chosen.minMatch},
                      {"target_length", chosen.targetLength},
                      {"strategy", static_cast<uint64_t>(chosen.strategy)}};
  return codec;
}

}  // namespace builder
