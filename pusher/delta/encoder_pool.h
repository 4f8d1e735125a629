// A pool of delta encoders, no more than the machine has cores: each takes tens of megabytes.
#ifndef SLIPWAY_PUSHER_DELTA_ENCODER_POOL_H_
#define SLIPWAY_PUSHER_DELTA_ENCODER_POOL_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "chunker/delta.h"

namespace pusher {

// All threads may use it at once.
class EncoderPool {
 public:
  explicit EncoderPool(int level);

  // An encoder for as long as the object lives.
  class Lease {
   public:
    explicit Lease(EncoderPool& pool) : pool_(pool), encoder_(pool.Take()) {}
    ~Lease() { pool_.Return(std::move(encoder_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    chunker::DeltaEncoder* operator->() { return encoder_.get(); }

   private:
    EncoderPool& pool_;
    std::unique_ptr<chunker::DeltaEncoder> encoder_;
  };

 private:
  std::unique_ptr<chunker::DeltaEncoder> Take();  // waits for one
  void Return(std::unique_ptr<chunker::DeltaEncoder> encoder);

  const int level_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<chunker::DeltaEncoder>> idle_;  // null: not made yet
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DELTA_ENCODER_POOL_H_
