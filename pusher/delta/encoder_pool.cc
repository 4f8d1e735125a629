#include "pusher/delta/encoder_pool.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/interrupt.h"

namespace pusher {
namespace {

constexpr unsigned kMostEncoders = 6;

}  // namespace

EncoderPool::EncoderPool(int level)
    : level_(level), idle_(std::clamp(std::thread::hardware_concurrency(), 1U, kMostEncoders)) {}

std::unique_ptr<chunker::DeltaEncoder> EncoderPool::Take() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (idle_.empty()) {
    base::ThrowIfInterrupted();
    returned_.wait_for(lock, std::chrono::milliseconds(200));
  }
  std::unique_ptr<chunker::DeltaEncoder> out = std::move(idle_.back());
  idle_.pop_back();
  return out != nullptr ? std::move(out) : std::make_unique<chunker::DeltaEncoder>(level_);
}

void EncoderPool::Return(std::unique_ptr<chunker::DeltaEncoder> encoder) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(encoder));
  }
  returned_.notify_one();
}

}  // namespace pusher
