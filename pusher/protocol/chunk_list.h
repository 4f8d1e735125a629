// The distinct chunks of an image, numbered by first appearance in its index: both sides of a push
// name a chunk by that number.
#ifndef SLIPWAY_PUSHER_PROTOCOL_CHUNK_LIST_H_
#define SLIPWAY_PUSHER_PROTOCOL_CHUNK_LIST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "chunker/index.h"

namespace pusher {

struct DistinctChunk {
  chunker::ChunkId id;
  uint32_t size_bytes = 0;
  std::vector<uint64_t> offsets;  // in the image, at least one

  chunker::Chunk first() const { return {id, offsets.front(), size_bytes}; }
};

class ChunkList {
 public:
  // Throws Error{kVerification} where one id stands for chunks of two sizes.
  explicit ChunkList(const chunker::ChunkIndex& index);

  size_t size() const { return chunks_.size(); }
  const DistinctChunk& operator[](size_t number) const { return chunks_[number]; }
  std::optional<size_t> NumberOf(const chunker::ChunkId& id) const;
  // For each whether `index` does not have it.
  std::vector<bool> LackedBy(const chunker::ChunkIndex& index) const;

 private:
  std::vector<DistinctChunk> chunks_;
  std::unordered_map<chunker::ChunkId, size_t> numbers_;
};

// A set of chunks.
uint64_t CountOf(const std::vector<bool>& chunks);
uint64_t BytesOf(const ChunkList& list, const std::vector<bool>& chunks);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_CHUNK_LIST_H_
