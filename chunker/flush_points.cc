#include "chunker/flush_points.h"

#include <algorithm>

#include "base/error.h"
#include "chunker/cut.h"

namespace chunker {
namespace {

// From `first` on, each place where content lets a chunk end.
std::vector<size_t> PointsFrom(size_t first, const ChunkContent& content, const CutFinder& cuts) {
  std::vector<size_t> out = {first};
  while (out.back() < content.bytes.size()) {
    out.push_back(cuts.NextCandidate(content.bytes, out.back()));
  }
  return out;
}

// A flush ends a block. Several points that all do are no accident, one is the end of any frame.
bool Explain(const std::vector<size_t>& points, const ChunkContent& content) {
  return points.size() > 1 && std::ranges::includes(content.block_ends, points);
}

}  // namespace

std::optional<std::vector<size_t>> FlushPointFinder::Find(std::span<const uint8_t> chunk,
                                                          const ChunkContent& content) {
  const std::vector<size_t> end = {content.bytes.size()};
  if (content.block_ends.empty()) {  // lz4 has no flush
    return end;
  }
  const CutFinder cuts(kZstdCutSizes);
  std::vector<size_t> points = PointsFrom(cuts.FirstCut(content.bytes), content, cuts);
  if (Explain(points, content)) {
    return points;
  }
  if (Makes(chunk, content, end)) {
    return end;
  }
  // Cut with other sizes: the first cut is the first place from which all is explained.
  for (const size_t first : content.block_ends) {
    points = PointsFrom(first, content, cuts);
    if (Explain(points, content)) {
      return Makes(chunk, content, points) ? std::optional(points) : std::nullopt;
    }
  }
  return std::nullopt;
}

bool FlushPointFinder::Makes(std::span<const uint8_t> chunk, const ChunkContent& content,
                             const std::vector<size_t>& points) {
  if (encoder_ == nullptr) {
    encoder_ = MakeFrameEncoder(codec_);
  }
  try {
    return std::ranges::equal(AlignedToBlocks(encoder_->EncodeUpToLast(content.bytes, points)),
                              chunk);
  } catch (const base::Error&) {  // no frame can be flushed so often
    return false;
  }
}

}  // namespace chunker
