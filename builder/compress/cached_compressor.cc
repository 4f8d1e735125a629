#include "builder/compress/cached_compressor.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace builder {
namespace {

// What is known of a segment is found by its head: where it ends is not known yet. Of two that
// begin alike one is known.
constexpr size_t kHeadBytes = 64 << 10;

std::string TextOf(const chunker::CutSizes& sizes) {
  return fmt::format("{}/{}/{}", sizes.min_bytes, sizes.average_bytes, sizes.max_bytes);
}

}  // namespace

CachedCompressor::CachedCompressor(const chunker::CutSizes& segments,
                                   const chunker::CutSizes& chunks, uint32_t tail_bytes,
                                   const images::Codec& codec, ChunkCache* cache)
    : segment_cuts_(segments),
      chunk_cuts_(chunks),
      tail_bytes_(tail_bytes),
      codec_(codec),
      cache_(cache),
      way_(fmt::format("segments {} chunks {} tail {}", TextOf(segments), TextOf(chunks),
                       tail_bytes)) {}

CachedCompressor::First CachedCompressor::FirstOf(base::Bytes content, bool is_all) const {
  if (cache_ != nullptr) {
    std::optional<KnownSegment> known = cache_->segments().Find(KeyOf(content));
    // Content that goes on behind a cut does not move it; the end of a file is no cut.
    if (known && known->size_bytes <= content.size() &&
        known->ends_file == (is_all && known->size_bytes == content.size()) &&
        known->content == cache_->ContentHash(content.first(known->size_bytes))) {
      return {known->size_bytes, std::move(known->chunks)};
    }
  }
  return {segment_cuts_.FirstCut(content), {}};
}

std::vector<StoredChunk> CachedCompressor::Compress(base::Bytes segment, bool ends_file,
                                                    std::span<const base::Sha256> known_chunks,
                                                    Compressor& compressor) const {
  if (cache_ == nullptr) {
    return compressor.Compress(segment, chunk_cuts_, ends_file, tail_bytes_);
  }
  if (auto known = ChunksOf(known_chunks)) {
    return *std::move(known);
  }
  std::vector<base::Sha256> keys;
  std::vector<StoredChunk> out = compressor.Compress(
      segment, chunk_cuts_, ends_file, tail_bytes_, [&](const ChunkInput& input) {
        keys.push_back(cache_->KeyOf(input, codec_));
        std::optional<StoredChunk> chunk = cache_->Find(keys.back());
        if (!chunk) {
          chunk = compressor.MakeChunk(input);
          cache_->Store(keys.back(), *chunk);
        }
        return *std::move(chunk);
      });
  if (!keys.empty()) {
    cache_->segments().Put({KeyOf(segment), cache_->ContentHash(segment),
                            static_cast<uint32_t>(segment.size()), ends_file, std::move(keys)});
  }
  return out;
}

std::optional<std::vector<StoredChunk>> CachedCompressor::ChunksOf(
    std::span<const base::Sha256> keys) const {
  if (keys.empty()) {
    return std::nullopt;
  }
  std::vector<StoredChunk> out;
  for (const base::Sha256& key : keys) {
    std::optional<StoredChunk> found = cache_->Find(key);
    if (!found) {
      return std::nullopt;
    }
    out.push_back(*std::move(found));
  }
  return out;
}

base::Sha256 CachedCompressor::KeyOf(base::Bytes segment) const {
  return cache_->SegmentKeyOf(segment.first(std::min(segment.size(), kHeadBytes)), way_, codec_);
}

}  // namespace builder
