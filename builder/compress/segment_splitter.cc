#include "builder/compress/segment_splitter.h"

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

SegmentSplitter::SegmentSplitter(const chunker::CutSizes& segments, const chunker::CutSizes& chunks,
                                 uint32_t tail_bytes, const images::Codec& codec, ChunkCache* cache)
    : segment_cuts_(segments),
      chunk_cuts_(chunks),
      tail_bytes_(tail_bytes),
      codec_(codec),
      cache_(cache),
      way_(fmt::format("segments {} chunks {} tail {}", TextOf(segments), TextOf(chunks),
                       tail_bytes)) {}

SegmentSplitter::First SegmentSplitter::FirstOf(base::Bytes content, bool is_all) const {
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

void SegmentSplitter::Remember(base::Bytes segment, bool ends_file,
                               std::vector<base::Sha256> chunks) const {
  if (cache_ != nullptr) {
    cache_->segments().Put({KeyOf(segment), cache_->ContentHash(segment),
                            static_cast<uint32_t>(segment.size()), ends_file, std::move(chunks)});
  }
}

base::Sha256 SegmentSplitter::KeyOf(base::Bytes segment) const {
  return cache_->SegmentKeyOf(segment.first(std::min(segment.size(), kHeadBytes)), way_, codec_);
}

}  // namespace builder
