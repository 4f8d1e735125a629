#include "pusher/protocol/chunk_list.h"

#include <algorithm>

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
      base::Fail(base::ExitCode::kVerification,
                 "the index gives chunk {} two sizes: {} and {} bytes", chunk.id.digest.ToHex(),
                 distinct.size_bytes, chunk.size_bytes);
    }
    distinct.offsets.push_back(chunk.offset);
  }
}

std::optional<size_t> ChunkList::NumberOf(const chunker::ChunkId& id) const {
  const auto found = numbers_.find(id);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<bool> ChunkList::LackedBy(const chunker::ChunkIndex& index) const {
  std::vector<bool> out(size(), true);
  for (const chunker::Chunk& chunk : index.chunks()) {
    if (const std::optional<size_t> number = NumberOf(chunk.id)) {
      out[*number] = false;
    }
  }
  return out;
}

uint64_t CountOf(const std::vector<bool>& chunks) {
  return static_cast<uint64_t>(std::ranges::count(chunks, true));
}

uint64_t BytesOf(const ChunkList& list, const std::vector<bool>& chunks) {
  uint64_t out = 0;
  for (size_t number = 0; number < list.size(); ++number) {
    out += chunks[number] ? list[number].size_bytes : 0;
  }
  return out;
}

}  // namespace pusher
