// Decodes deltas into chunks: reads the old content from the versions on this host, decodes the new
// content, and compresses it with the image's codec. Nothing here is trusted: the digest of the
// chunk says whether the result is right.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_DELTA_DECODER_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_DELTA_DECODER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "activator/receive/base_content.h"
#include "chunker/codec_table.h"
#include "pusher/protocol/delta_message.h"

namespace activator {

// What one DeltaDecoder takes beside its encoder: a delta, its content, the old content, decoders
// and frames.
inline constexpr size_t kRebuilderBytes = 11 << 20;

// The memory that a DeltaDecoder takes; nullopt where this program does not have the codec in that
// version, or not with these parameters.
std::optional<size_t> RebuilderBytes(const chunker::Codec& codec);

// One per thread.
class DeltaDecoder {
 public:
  // `codec`: one with RebuilderBytes(). `old` must outlive the object.
  DeltaDecoder(const chunker::Codec& codec, BaseContent& old)
      : encoder_(chunker::MakeFrameEncoder(codec)), old_(old) {}

  // Calls `use` with each chunk of the message and its place in it; not at all where what it refers
  // to is not here or is damaged, or the delta is none.
  using Use = std::function<void(size_t place, const std::vector<uint8_t>& chunk)>;
  void Rebuild(const pusher::DeltaMessage& message, const Use& use);

 private:
  std::optional<std::vector<uint8_t>> OldOf(const pusher::DeltaMessage& message);
  std::optional<std::vector<uint8_t>> ContentOf(const pusher::DeltaMessage& message);
  std::optional<std::vector<uint8_t>> FrameOf(std::span<const uint8_t> content,
                                              const pusher::ChunkRecipe& recipe);

  const std::unique_ptr<chunker::FrameEncoder> encoder_;
  BaseContent& old_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_DELTA_DECODER_H_
