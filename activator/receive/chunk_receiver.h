// Receives the chunks of one image: plain, packed, or as deltas.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_CHUNK_RECEIVER_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_CHUNK_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "activator/receive/assembly.h"
#include "activator/state/held_versions.h"
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

  // Up to and with the Sent message. Deltas refer to `versions`, and may fail: then chunks are
  // missing afterwards. `host_jobs`: as for RebuildJobs().
  void Run(const std::vector<HeldVersion>& versions, size_t host_jobs);

 private:
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
