// Compresses segments of content on several threads and hands the results over in the order of
// submission, so that the image does not depend on the number of threads. Memory: a few segments
// per thread.
#ifndef SLIPWAY_BUILDER_COMPRESS_COMPRESSION_PIPELINE_H_
#define SLIPWAY_BUILDER_COMPRESS_COMPRESSION_PIPELINE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <vector>

#include "base/file.h"
#include "base/worker_pool.h"
#include "builder/compress/chunk_cache.h"
#include "builder/compress/compressor.h"
#include "builder/compress/segment_splitter.h"

namespace builder {

// Content is split here before it is compressed, at content-defined places far apart, so that one
// large file keeps several threads busy and memory stays bounded. At most 4 MiB.
inline constexpr chunker::CutSizes kSegmentSizes = {1U << 20, 2U << 20, 4U << 20};
// Where a chunk ends depends on where it begins, so that a change in one small file changes all
// that is packed behind it up to the end of the segment.
inline constexpr chunker::CutSizes kPackedSegmentSizes = {256U << 10, 512U << 10, 1U << 20};

// A piece of content and how it is to be cut, in memory that serves one segment after another: to
// take it from the system each time costs more than to read the content.
class Segment {
 public:
  struct How {
    const SegmentSplitter* splitter = nullptr;  // must outlive the pipeline
    bool ends_file = false;
    std::vector<base::Sha256> known_chunks;  // as the splitter said
  };

  // What it holds may be longer than a segment until it is cut.
  static constexpr size_t kRoomBytes = kSegmentSizes.max_bytes + (64U << 10);

  base::Bytes content() const { return {room_.get(), size_bytes_}; }
  // The next `size_bytes` of the content, for the caller to fill.
  std::span<uint8_t> Extend(size_t size_bytes);
  void Append(base::Bytes more);
  // Content from `at` on goes to the end of `other`.
  void MoveRest(size_t at, Segment& other);
  void Clear() { size_bytes_ = 0; }

  How how;

 private:
  std::unique_ptr<uint8_t[]> room_ = std::make_unique_for_overwrite<uint8_t[]>(kRoomBytes);
  size_t size_bytes_ = 0;
};

// What was not handed over when it ends is dropped.
class CompressionPipeline {
 public:
  // Called on the thread that submits.
  using Done = std::function<void(std::vector<StoredChunk> chunks)>;

  // `cache`, which may be null, must outlive the pipeline.
  CompressionPipeline(const images::Codec& codec, unsigned threads, ChunkCache* cache);

  // An empty one, to be filled and submitted.
  std::unique_ptr<Segment> NewSegment();
  // Waits while enough is under way, handing over results meanwhile. Rethrows what a thread threw.
  void Submit(std::unique_ptr<Segment> segment, Done done);
  // How many segments there were; the number of the last, from 1.
  uint64_t submitted() const { return handed_over_ + under_way_.size(); }
  // Waits until the results of the first `count` segments are handed over.
  void HandOverUpTo(uint64_t count);
  // Hands over everything that is left.
  void Finish();

 private:
  struct UnderWay {
    std::unique_ptr<Segment> segment;
    std::future<std::vector<StoredChunk>> result;
    Done done;
  };

  void HandOverOldest();

  const size_t limit_;
  std::deque<UnderWay> under_way_;
  uint64_t handed_over_ = 0;
  std::vector<std::unique_ptr<Segment>> unused_;
  std::vector<std::unique_ptr<Compressor>> compressors_;  // each worker's
  base::WorkerPool pool_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_COMPRESS_COMPRESSION_PIPELINE_H_
