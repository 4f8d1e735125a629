// Decodes deltas on several threads, as many as fit into the agent's memory.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_DELTA_DECODER_POOL_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_DELTA_DECODER_POOL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "activator/receive/base_content.h"
#include "activator/receive/delta_decoder.h"
#include "base/worker_pool.h"
#include "pusher/protocol/delta_message.h"

namespace activator {

// How many threads: `wanted`, 0: half of the machine's cores; at least one, at most what 64 MiB
// leave room for. 0: not even one, or the codec is not here.
size_t RebuildJobs(const chunker::Codec& codec, size_t wanted);

// What was not begun when it ends is dropped.
class DeltaDecoderPool {
 public:
  // Called by several threads at once, with a chunk's number.
  using Use = std::function<void(uint64_t number, const std::vector<uint8_t>& chunk)>;

  // `basis`: the path of the version that deltas refer to. Where `jobs` is 0, nothing is rebuilt.
  DeltaDecoderPool(chunker::Codec codec, const std::string& basis, size_t jobs, Use use);

  // Waits while all threads are busy and one more delta waits. Throws what an earlier one threw:
  // then the pool is of no more use.
  void Submit(pusher::DeltaMessage message);
  // Waits until all is done; throws as Submit does.
  void Finish();

 private:
  void Rebuild(size_t worker, const pusher::DeltaMessage& message);
  void TakeOldest();

  const chunker::Codec codec_;
  const size_t jobs_;
  const Use use_;
  BaseContent old_;
  std::vector<std::unique_ptr<DeltaDecoder>> decoders_;  // each worker's, made by it
  std::deque<std::future<void>> under_way_;
  base::WorkerPool pool_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_DELTA_DECODER_POOL_H_
