// Sends chunks of an image as they stand in a store, in the order of their numbers, and never keeps
// more than what several connections bring before its turn.
#ifndef SLIPWAY_FETCHER_RANGE_SENDER_H_
#define SLIPWAY_FETCHER_RANGE_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "fetcher/range_plan.h"
#include "pusher/protocol/chunk_list.h"
#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/wire.h"
#include "store/store.h"

namespace fetcher {

class RangeSender {
 public:
  // All must outlive the object. `alive` is touched with each piece that comes.
  RangeSender(pusher::Wire& wire, pusher::KeepAlive& alive, const pusher::ChunkList& chunks,
              const std::vector<bool>& missing);

  // Throws Error{kVerification} where a chunk is not what the index says, Error{kFailed} where the
  // image is missing.
  void Send(store::Store& store, const std::string& key);

 private:
  void Take(size_t range, base::Bytes piece);
  void SendArrived();
  void SendChunk(const WantedChunk& wanted, base::Bytes data) const;

  pusher::Wire& wire_;
  pusher::KeepAlive& alive_;
  const pusher::ChunkList& chunks_;
  const RangePlan plan_;
  std::string where_;
  std::vector<std::vector<uint8_t>> arrived_;  // by range: from `sent_to_` or its start on
  size_t range_ = 0;                           // whose turn it is
  size_t chunk_ = 0;                           // of the plan: the next one
  uint64_t sent_to_ = 0;                       // in the image, where what arrived of range_ begins
};

}  // namespace fetcher

#endif  // SLIPWAY_FETCHER_RANGE_SENDER_H_
