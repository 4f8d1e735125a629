#include "builder/compress/compressor.h"

#include <algorithm>

#include "builder/erofs/erofs_format.h"

namespace builder {
namespace {

using erofs::BlocksOf;
using erofs::kBlockBytes;

// One extent whose frame ends at the end of the chunk's last block, zeros before it.
void AppendFrame(std::span<const uint8_t> frame, size_t content_bytes, StoredChunk& chunk) {
  const auto first = static_cast<uint32_t>(chunk.blocks.size() / kBlockBytes);
  const auto blocks = static_cast<uint32_t>(BlocksOf(frame.size()));
  const std::vector<uint8_t> aligned = chunker::AlignedToBlocks(frame);
  chunk.blocks.insert(chunk.blocks.end(), aligned.begin(), aligned.end());
  chunk.extents.push_back({static_cast<uint32_t>(content_bytes), first, blocks, false});
}

}  // namespace

// Content that does not shrink. A raw extent is one block and a cluster holds one head, so: whole
// blocks, and where a remainder is left, the last 8192 + r bytes as a frame, long enough to carry
// its number of blocks. At the end of a file the last raw block may be partial instead.
StoredChunk Compressor::MakeRaw(std::span<const uint8_t> content, bool ends_file) {
  StoredChunk chunk;
  const size_t remainder = content.size() % kBlockBytes;
  size_t plain = content.size();
  if (remainder != 0 && !ends_file) {
    plain -= remainder + size_t{2} * kBlockBytes;
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
    AppendFrame(encoder_->EncodeWhole(content.subspan(plain)), content.size() - plain, chunk);
  }
  return chunk;
}

std::vector<StoredChunk> Compressor::Compress(std::span<const uint8_t> content,
                                              const chunker::CutFinder& cuts, bool ends_file,
                                              uint32_t tail_bytes) {
  return Compress(content, cuts, ends_file, tail_bytes,
                  [this](const ChunkInput& input) { return MakeChunk(input); });
}

std::vector<StoredChunk> Compressor::Compress(std::span<const uint8_t> content,
                                              const chunker::CutFinder& cuts, bool ends_file,
                                              uint32_t tail_bytes, const MakesChunk& make) {
  std::vector<StoredChunk> out;
  size_t at = 0;
  while (at < content.size()) {
    const std::span<const uint8_t> rest = content.subspan(at);
    if (ends_file && rest.size() < tail_bytes) {
      break;
    }
    StoredChunk chunk = make(FirstChunkOf(rest, cuts, ends_file));
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
    while (out.ends.size() < encoder_->ends_tried() &&
           out.ends.back() + cuts.sizes().min_bytes < rest.size()) {
      out.ends.push_back(cuts.NextCandidate(rest, out.ends.back()));
    }
  }
  out.content = rest.first(out.ends.back());
  return out;
}

StoredChunk Compressor::MakeChunk(const ChunkInput& input) {
  size_t end = 0;
  const std::vector<uint8_t> frame = encoder_->EncodeUpToBest(input.content, input.ends, end);
  const bool no_room_for_count =
      end < erofs::kMinBigPclusterExtentBytes && frame.size() > kBlockBytes;
  StoredChunk chunk;
  if (no_room_for_count || BlocksOf(frame.size()) >= BlocksOf(end)) {
    chunk = MakeRaw(input.content.first(end), input.ends_file && end == input.content.size());
  } else {
    AppendFrame(frame, end, chunk);
  }
  chunk.id = base::Sha256Of(chunk.blocks);
  return chunk;
}

}  // namespace builder
