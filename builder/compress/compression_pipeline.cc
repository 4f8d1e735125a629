#include "builder/compress/compression_pipeline.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace builder {

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

CompressionPipeline::CompressionPipeline(const images::Codec& codec, unsigned threads)
    : limit_(size_t{2} * threads) {
  for (unsigned i = 0; i < threads; ++i) {
    // Made here, so that a failure is thrown to the caller and not in a thread.
    threads_.emplace_back(
        [this, compressor = std::make_shared<Compressor>(codec)] { Work(*compressor); });
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
  Task task([&segment = *segment](Compressor& compressor) {
    const Segment::How& how = segment.how;
    return how.compressor->Compress(segment.content(), how.ends_file, how.known_chunks, compressor);
  });
  under_way_.push_back({std::move(segment), task.get_future(), std::move(done)});
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
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
