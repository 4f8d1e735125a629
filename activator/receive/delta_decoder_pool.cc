#include "activator/receive/delta_decoder_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace activator {
namespace {

constexpr size_t kAgentBytes = 64 << 20;
// The program, its frames and texts, an image's list of chunks.
constexpr size_t kElsewhereBytes = (12 << 20) + BaseContent::kKeptBytes;

// What the sender takes for possible.
static_assert(kElsewhereBytes + kRebuilderBytes + pusher::kMaxRebuildEncoderBytes <= kAgentBytes);

}  // namespace

size_t RebuildJobs(const chunker::Codec& codec, size_t wanted) {
  const std::optional<size_t> each = RebuilderBytes(codec);
  if (!each) {
    return 0;
  }
  const size_t cores = std::thread::hardware_concurrency();
  const size_t jobs = wanted > 0 ? wanted : std::max<size_t>(1, cores / 2);
  return std::min(jobs, (kAgentBytes - kElsewhereBytes) / *each);
}

DeltaDecoderPool::DeltaDecoderPool(chunker::Codec codec, const std::string& basis, size_t jobs,
                                   Use use)
    : codec_(std::move(codec)), jobs_(jobs), use_(std::move(use)), old_(basis) {}

DeltaDecoderPool::~DeltaDecoderPool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void DeltaDecoderPool::ThrowWhatFailed() const {
  if (failed_) {
    std::rethrow_exception(failed_);
  }
}

void DeltaDecoderPool::Submit(pusher::DeltaMessage message) {
  if (jobs_ == 0) {
    return;
  }
  std::unique_lock<std::mutex> lock(mutex_);
  ThrowWhatFailed();
  if (threads_.size() < jobs_ && busy_ == threads_.size()) {
    AddThread();
  }
  if (threads_.empty()) {  // the system has no more
    lock.unlock();
    DeltaDecoder rebuilder(codec_, old_);
    Rebuild(rebuilder, message);
    return;
  }
  changed_.wait(lock, [this] { return failed_ || waiting_.empty(); });
  ThrowWhatFailed();
  waiting_.push_back(std::move(message));
  changed_.notify_all();
}

void DeltaDecoderPool::AddThread() {
  try {
    threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {  // those that run do it all
  }
}

void DeltaDecoderPool::Finish() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return failed_ || (waiting_.empty() && busy_ == 0); });
  ThrowWhatFailed();
}

void DeltaDecoderPool::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  try {
    DeltaDecoder rebuilder(codec_, old_);
    for (;;) {
      changed_.wait(lock, [this] { return stopped_ || failed_ || !waiting_.empty(); });
      if (stopped_ || failed_) {
        return;
      }
      const pusher::DeltaMessage message = std::move(waiting_.front());
      waiting_.pop_front();
      ++busy_;
      changed_.notify_all();
      lock.unlock();
      Rebuild(rebuilder, message);
      lock.lock();
      --busy_;
      changed_.notify_all();
    }
  } catch (...) {
    if (!lock.owns_lock()) {
      lock.lock();
    }
    if (!failed_) {
      failed_ = std::current_exception();
    }
    changed_.notify_all();
  }
}

void DeltaDecoderPool::Rebuild(DeltaDecoder& rebuilder, const pusher::DeltaMessage& message) const {
  rebuilder.Rebuild(message, [&](size_t place, const std::vector<uint8_t>& chunk) {
    use_(message.first_chunk + place, chunk);
  });
}

}  // namespace activator
