// Decodes deltas on several threads, as many as fit into the agent's memory.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_DELTA_DECODER_POOL_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_DELTA_DECODER_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "activator/receive/base_content.h"
#include "activator/receive/delta_decoder.h"
#include "pusher/protocol/delta_message.h"

namespace activator {

// How many threads: `wanted`, 0: half of the machine's cores; at least one, at most what 64 MiB
// leave room for. 0: not even one, or the codec is not here.
size_t RebuildJobs(const chunker::Codec& codec, size_t wanted);

class DeltaDecoderPool {
 public:
  // Called by several threads at once, with a chunk's number.
  using Use = std::function<void(uint64_t number, const std::vector<uint8_t>& chunk)>;

  // `versions` must outlive the object. Where `jobs` is 0, nothing is rebuilt.
  DeltaDecoderPool(chunker::Codec codec, const std::vector<HeldVersion>& versions, size_t jobs,
                   Use use);
  // What was not begun is dropped.
  ~DeltaDecoderPool();
  DeltaDecoderPool(const DeltaDecoderPool&) = delete;
  DeltaDecoderPool& operator=(const DeltaDecoderPool&) = delete;

  // Waits while all threads are busy. Throws what one of them threw: then nothing more is done.
  void Submit(pusher::DeltaMessage message);
  // Waits until all is done; throws as Submit does.
  void Finish();

 private:
  void AddThread();
  void Work();
  void Rebuild(DeltaDecoder& rebuilder, const pusher::DeltaMessage& message) const;
  void ThrowWhatFailed() const;

  const chunker::Codec codec_;
  const size_t jobs_;
  const Use use_;
  BaseContent old_;
  std::mutex mutex_;  // for all that follows
  std::condition_variable changed_;
  std::deque<pusher::DeltaMessage> waiting_;
  size_t busy_ = 0;
  bool stopped_ = false;
  std::exception_ptr failed_;
  std::vector<std::thread> threads_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_DELTA_DECODER_POOL_H_
