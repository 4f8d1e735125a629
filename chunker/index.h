// The chunk index of an image, image.caibx: casync's blob index with SHA-256 chunk ids. The chunks
// tile the whole image file. The authority on the format is docs/formats/index.md.
#ifndef SLIPWAY_CHUNKER_INDEX_H_
#define SLIPWAY_CHUNKER_INDEX_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"

namespace chunker {

// No chunk of any index is larger; a peer that says otherwise is refused before anything is
// allocated.
inline constexpr uint32_t kMaxChunkBytes = 1 << 20;

// The SHA-256 of a chunk's bytes as they stand in the image.
struct ChunkId {
  base::Sha256 digest;
  auto operator<=>(const ChunkId&) const = default;
};

struct Chunk {
  ChunkId id;
  uint64_t offset = 0;  // in the image
  uint32_t size_bytes = 0;
  bool operator==(const Chunk&) const = default;
};

class ChunkIndex {
 public:
  // Appends the chunk that follows the last one.
  void Append(const ChunkId& id, uint32_t size_bytes);

  const std::vector<Chunk>& chunks() const { return chunks_; }
  uint64_t size_bytes() const { return size_bytes_; }

  std::string Serialize() const;
  // Throws Error{kVerification} that says where `data` is not an index; `name` names it.
  static ChunkIndex Parse(std::string_view data, const std::string& name);

 private:
  std::vector<Chunk> chunks_;
  uint64_t size_bytes_ = 0;
};

}  // namespace chunker

template <>
struct std::hash<chunker::ChunkId> {
  size_t operator()(const chunker::ChunkId& id) const noexcept {
    return std::hash<base::Sha256>()(id.digest);
  }
};

#endif  // SLIPWAY_CHUNKER_INDEX_H_
