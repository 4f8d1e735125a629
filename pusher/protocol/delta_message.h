// A delta for neighbouring chunks: how each is made from its content, the old content that it
// refers to, and the delta. The authority on its bytes is docs/formats/protocol.md.
#ifndef SLIPWAY_PUSHER_PROTOCOL_DELTA_MESSAGE_H_
#define SLIPWAY_PUSHER_PROTOCOL_DELTA_MESSAGE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "chunker/copies.h"
#include "pusher/protocol/wire.h"

namespace pusher {

// The content of one delta and the old content that it refers to: with the codec's memory, what a
// host needs for one.
inline constexpr uint64_t kMaxDeltaContentBytes = 2 << 20;
inline constexpr uint64_t kMaxDeltaOldBytes = 5 << 20;

// Of the encoder of an image's codec: what is left for it of a host's 64 MiB.
inline constexpr size_t kMaxRebuildEncoderBytes = 33 << 20;

// How a chunk is made of its content.
struct ChunkRecipe {
  uint64_t content_bytes = 0;
  // Where the frame is flushed, its end included; empty: the chunk is its content.
  std::vector<size_t> flush_points;
  bool operator==(const ChunkRecipe&) const = default;
};

// The content of `count` chunks of the version that the offer names as its basis, from entry
// `first` of its index on.
struct Reference {
  uint64_t first = 0;
  uint64_t count = 0;
  bool operator==(const Reference&) const = default;
};

struct DeltaMessage {
  uint64_t first_chunk = 0;  // by the numbers of ChunkList
  std::vector<ChunkRecipe> chunks;
  std::vector<Reference> references;  // the old content, in this order
  std::vector<chunker::Copy> copies;  // of it, in the chunks' content
  std::vector<uint8_t> delta;         // a zstd frame of the content, less the copies
  bool operator==(const DeltaMessage&) const = default;

  uint64_t content_bytes() const;
  std::vector<uint8_t> Serialize() const;
  // Lengths are within bounds, flush points ascend to the content's end, copies lie within the
  // content; what the other numbers refer to is not checked.
  static DeltaMessage Parse(base::Bytes payload, const std::string& peer);
};

// Old content that copies may be taken of: one after the other, entry `entry` of an index, and
// where it ends.
struct OldEntry {
  size_t entry = 0;
  size_t end = 0;
};

// References to those that a copy is taken of, so that a host reads no others; changes the copies
// so that they begin in what these references name.
std::vector<Reference> ReferTo(std::span<const OldEntry> entries,
                               std::vector<chunker::Copy>& copies);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_DELTA_MESSAGE_H_
