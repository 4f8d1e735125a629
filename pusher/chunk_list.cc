#include "pusher/chunk_list.h"

#include "base/error.h"

namespace pusher {

ChunkList::ChunkList(const chunker::ChunkIndex& index) {
  for (const chunker::Chunk& chunk : index.chunks()) {
    const auto [found, added] = numbers_.try_emplace(chunk.id, chunks_.size());
    if (added) {
      chunks_.push_back({chunk.id, chunk.size_bytes, {}});
    }
    DistinctChunk& distinct = chunks_[found->second];
    if (distinct.size_bytes != chunk.size_bytes) {
      base::Fail(base::Code::kVerification, "the index gives chunk {} two sizes: {} and {} bytes",
                 chunk.id.digest.ToHex(), distinct.size_bytes, chunk.size_bytes);
    }
    distinct.offsets.push_back(chunk.offset);
  }
}

std::optional<size_t> ChunkList::NumberOf(const chunker::ChunkId& id) const {
  const auto found = numbers_.find(id);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace pusher
