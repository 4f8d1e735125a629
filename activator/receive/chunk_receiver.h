// Receives the chunks of one image: plain, packed, or as deltas.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_CHUNK_RECEIVER_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_CHUNK_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "activator/receive/assembly.h"
#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/packed_chunks.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/wire.h"

namespace activator {

class ChunkReceiver {
 public:
  // All must outlive the object. `due`: those that were asked for.
  ChunkReceiver(pusher::Wire& wire, pusher::KeepAlive& alive, Assembly& assembly,
                std::vector<bool> due);

  // Up to and with the Sent message. `basis`: the path of the version that deltas refer to; empty:
  // none may come. They may fail: then chunks are missing afterwards. `host_jobs`: as for
  // RebuildJobs().
  void Run(const std::string& basis, size_t host_jobs);

 private:
  void CheckHasBasis(const std::string& basis) const;
  void CheckAskedFor(uint64_t first, size_t count);
  std::vector<uint8_t> Unpack(const pusher::ChunkMessage& chunk);
  void Take(uint32_t number, base::Bytes data);

  pusher::Wire& wire_;
  pusher::KeepAlive& alive_;
  Assembly& assembly_;
  std::vector<bool> due_;
  std::optional<pusher::ChunkUnpacker> unpacker_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_CHUNK_RECEIVER_H_
