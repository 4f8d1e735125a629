// Compresses segments of content on several threads and hands the results over in the order of
// submission, so that the image does not depend on the number of threads. Memory: a few segments
// per thread.
#ifndef SLIPWAY_BUILDER_COMPRESSION_PIPELINE_H_
#define SLIPWAY_BUILDER_COMPRESSION_PIPELINE_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "builder/chunk_cache.h"
#include "builder/compressor.h"

namespace builder {

// Content is split here before it is compressed, at content-defined places far apart, so that one
// large file keeps several threads busy and memory stays bounded. At most 8 MiB.
inline constexpr chunker::CutSizes kSegmentSizes = {2U << 20, 4U << 20, 8U << 20};

struct Segment {
  std::vector<uint8_t> content;
  bool ends_file = false;
  uint32_t tail_bytes = 0;
};

class CompressionPipeline {
 public:
  // Called on the thread that submits.
  using Done = std::function<void(std::vector<StoredChunk> chunks)>;

  // `cuts` and `cache`, which may be null, must outlive the pipeline.
  CompressionPipeline(const images::Codec& codec, const chunker::CutFinder& cuts, unsigned threads,
                      ChunkCache* cache);
  // Drops what was not handed over.
  ~CompressionPipeline();
  CompressionPipeline(const CompressionPipeline&) = delete;
  CompressionPipeline& operator=(const CompressionPipeline&) = delete;

  // Waits while enough is under way, handing over results meanwhile. Rethrows what a thread threw.
  void Submit(Segment segment, Done done);
  // Hands over everything that is left.
  void Finish();

 private:
  struct UnderWay {
    std::future<std::vector<StoredChunk>> result;
    Done done;
  };
  using Task = std::packaged_task<std::vector<StoredChunk>(Compressor&)>;

  void Work(Compressor& compressor);
  void HandOverOldest();

  const chunker::CutFinder& cuts_;
  const size_t limit_;
  std::deque<UnderWay> under_way_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;  // under mutex_
  bool stop_ = false;       // under mutex_
  std::vector<std::thread> threads_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_COMPRESSION_PIPELINE_H_
