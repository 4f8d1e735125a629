#include "builder/compression_pipeline.h"

#include <utility>

namespace builder {

CompressionPipeline::CompressionPipeline(const images::Codec& codec, const chunker::CutFinder& cuts,
                                         unsigned threads, ChunkCache* cache)
    : cuts_(cuts), limit_(size_t{2} * threads) {
  for (unsigned i = 0; i < threads; ++i) {
    // Made here, so that a failure is thrown to the caller and not in a thread.
    threads_.emplace_back(
        [this, compressor = std::make_shared<Compressor>(codec, cache)] { Work(*compressor); });
  }
}

CompressionPipeline::~CompressionPipeline() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
    tasks_.clear();
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void CompressionPipeline::Work(Compressor& compressor) {
  for (;;) {
    Task task;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !tasks_.empty(); });
      if (tasks_.empty()) {
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task(compressor);  // what it throws goes into its future
  }
}

void CompressionPipeline::Submit(Segment segment, Done done) {
  while (under_way_.size() >= limit_) {
    HandOverOldest();
  }
  Task task([segment = std::move(segment), this](Compressor& compressor) {
    return compressor.Compress(segment.content, cuts_, segment.ends_file, segment.tail_bytes);
  });
  under_way_.push_back({task.get_future(), std::move(done)});
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void CompressionPipeline::HandOverOldest() {
  UnderWay oldest = std::move(under_way_.front());
  under_way_.pop_front();
  oldest.done(oldest.result.get());
}

void CompressionPipeline::Finish() {
  while (!under_way_.empty()) {
    HandOverOldest();
  }
}

}  // namespace builder
