// Sends the chunks that a host lacks of one image: as deltas if they are smaller, otherwise whole.
#ifndef SLIPWAY_PUSHER_SESSION_CONTENT_SENDER_H_
#define SLIPWAY_PUSHER_SESSION_CONTENT_SENDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/io.h"
#include "base/progress.h"
#include "pusher/delta/delta_base.h"
#include "pusher/delta/delta_cache.h"
#include "pusher/delta/image_send_state.h"
#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/packed_chunks.h"
#include "pusher/protocol/wire.h"

namespace pusher {

class ContentSender {
 public:
  // All must outlive the object. `alive` is touched with each chunk and delta; `label`: of the line
  // that shows how far it is.
  ContentSender(Wire& wire, const ImageSendState& work, const std::vector<bool>& missing,
                KeepAlive& alive, const base::Io& io, const std::string& label);

  // All that is missing, up to and with the Sent message; nothing where nothing is. `deltas`: null
  // for chunks alone, packed where `pack` says so. Returns how many chunks went as deltas.
  uint64_t Send(DeltaCache* deltas, bool pack);

 private:
  void SendChunks();
  uint64_t SendDeltas(DeltaCache& deltas);
  size_t SendGroup(const ChunkGroup& group, const std::optional<std::vector<uint8_t>>& delta);
  void SendChunk(size_t number);
  void Advance(uint64_t bytes);

  Wire& wire_;
  const ImageSendState& work_;
  const std::vector<bool>& missing_;
  KeepAlive& alive_;
  base::Progress progress_;
  std::optional<ChunkPacker> packer_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SESSION_CONTENT_SENDER_H_
