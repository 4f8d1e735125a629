#include "activator/receive/delta_decoder_pool.h"

#include <algorithm>
#include <thread>
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
    : codec_(std::move(codec)),
      jobs_(jobs),
      use_(std::move(use)),
      old_(basis),
      decoders_(jobs),
      pool_(jobs) {}

void DeltaDecoderPool::Submit(pusher::DeltaMessage message) {
  if (jobs_ == 0) {
    return;
  }
  while (under_way_.size() > jobs_) {
    TakeOldest();
  }
  under_way_.push_back(pool_.Submit(
      [this, message = std::move(message)](size_t worker) { Rebuild(worker, message); }));
}

void DeltaDecoderPool::Finish() {
  while (!under_way_.empty()) {
    TakeOldest();
  }
}

void DeltaDecoderPool::TakeOldest() {
  std::future<void> oldest = std::move(under_way_.front());
  under_way_.pop_front();
  oldest.get();
}

void DeltaDecoderPool::Rebuild(size_t worker, const pusher::DeltaMessage& message) {
  std::unique_ptr<DeltaDecoder>& decoder = decoders_[worker];
  if (decoder == nullptr) {
    decoder = std::make_unique<DeltaDecoder>(codec_, old_);
  }
  decoder->Rebuild(message, [&](size_t place, const std::vector<uint8_t>& chunk) {
    use_(message.first_chunk + place, chunk);
  });
}

}  // namespace activator
