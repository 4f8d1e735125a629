#include "builder/compress/compression_pipeline.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace builder {

namespace {

std::vector<StoredChunk> Compressed(const Segment& segment, Compressor& compressor) {
  const SegmentSplitter& splitter = *segment.how.splitter;
  if (auto known = compressor.KnownChunks(segment.how.known_chunks)) {
    return *std::move(known);
  }
  std::vector<base::Sha256> keys;
  std::vector<StoredChunk> out =
      compressor.Compress(segment.content(), splitter.chunk_cuts(), segment.how.ends_file,
                          splitter.tail_bytes(), &keys);
  if (!keys.empty()) {
    splitter.Remember(segment.content(), segment.how.ends_file, std::move(keys));
  }
  return out;
}

}  // namespace

std::span<uint8_t> Segment::Extend(size_t size_bytes) {
  if (size_bytes > kRoomBytes - size_bytes_) {
    base::Fail(base::ExitCode::kFailed, "bug: no room for {} bytes in a segment", size_bytes);
  }
  const std::span<uint8_t> out(room_.get() + size_bytes_, size_bytes);
  size_bytes_ += size_bytes;
  return out;
}

void Segment::Append(base::Bytes more) {
  const std::span<uint8_t> place = Extend(more.size());
  std::copy(more.begin(), more.end(), place.begin());
}

void Segment::MoveRest(size_t at, Segment& other) {
  other.Append(content().subspan(at));
  size_bytes_ = at;
}

CompressionPipeline::CompressionPipeline(const images::Codec& codec, unsigned threads,
                                         ChunkCache* cache)
    : limit_(size_t{2} * threads), pool_(threads) {
  for (unsigned i = 0; i < threads; ++i) {
    compressors_.push_back(std::make_unique<Compressor>(codec, cache));
  }
}

std::unique_ptr<Segment> CompressionPipeline::NewSegment() {
  if (unused_.empty()) {
    return std::make_unique<Segment>();
  }
  std::unique_ptr<Segment> out = std::move(unused_.back());
  unused_.pop_back();
  out->Clear();
  return out;
}

void CompressionPipeline::Submit(std::unique_ptr<Segment> segment, Done done) {
  while (under_way_.size() >= limit_) {
    HandOverOldest();
  }
  auto result = pool_.Submit([this, &segment = *segment](size_t worker) {
    return Compressed(segment, *compressors_[worker]);
  });
  under_way_.push_back({std::move(segment), std::move(result), std::move(done)});
}

void CompressionPipeline::HandOverOldest() {
  UnderWay oldest = std::move(under_way_.front());
  under_way_.pop_front();
  std::vector<StoredChunk> chunks = oldest.result.get();
  unused_.push_back(std::move(oldest.segment));
  ++handed_over_;
  oldest.done(std::move(chunks));
}

void CompressionPipeline::HandOverUpTo(uint64_t count) {
  while (handed_over_ < count) {
    HandOverOldest();
  }
}

void CompressionPipeline::Finish() { HandOverUpTo(submitted()); }

}  // namespace builder
