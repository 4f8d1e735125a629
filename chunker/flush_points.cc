#include "chunker/flush_points.h"

#include <algorithm>

#include "base/error.h"
#include "chunker/codec_table.h"

namespace chunker {
namespace {

constexpr int kMostTries = 3;

// From `first` on each place where content lets a chunk end, where they explain the frame: a flush
// ends a block, and several points that all do are no accident. Empty otherwise.
std::vector<size_t> PointsFrom(size_t first, const ChunkContent& content, const CutFinder& cuts) {
  std::vector<size_t> out = {first};
  while (out.back() < content.bytes.size()) {
    out.push_back(cuts.NextCandidate(content.bytes, out.back()));
    if (!std::ranges::binary_search(content.block_ends, out.back())) {
      return {};
    }
  }
  return out.size() > 1 ? out : std::vector<size_t>();
}

}  // namespace

std::optional<std::vector<size_t>> FlushPointFinder::Find(std::span<const uint8_t> chunk,
                                                          const ChunkContent& content) {
  std::vector<size_t> end = {content.bytes.size()};
  if (content.block_ends.empty()) {  // a codec without a flush
    return end;
  }
  const CutFinder cuts(CodecNamed(codec_.name).file_cuts);
  const size_t first_cut = cuts.FirstCut(content.bytes);
  int tries = 0;
  for (const size_t first : content.block_ends) {  // a later one explains what the first one does
    std::vector<size_t> points = PointsFrom(first, content, cuts);
    if (points.empty() || (first != first_cut && ++tries > kMostTries)) {
      continue;
    }
    if (first == first_cut || Makes(chunk, content, points)) {
      return points;
    }
  }
  if (!Makes(chunk, content, end)) {
    return std::nullopt;
  }
  return end;
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
