#include "builder/inspect/image_difference.h"

#include <unordered_set>

#include "pusher/delta/push_size.h"

namespace builder {

ImageDifference Compare(const images::ImageDirectory& from, const images::ImageDirectory& to) {
  ImageDifference out;
  out.packages = images::ComparePackages(from.manifest(), to.manifest());
  std::unordered_set<chunker::ChunkId> seen;
  const chunker::ChunkIndex old = from.ReadIndex();
  for (const chunker::Chunk& chunk : old.chunks()) {
    seen.insert(chunk.id);
  }
  const chunker::ChunkIndex index = to.ReadIndex();
  out.chunks = index.chunks().size();
  for (const chunker::Chunk& chunk : index.chunks()) {
    if (seen.insert(chunk.id).second) {
      ++out.missing_chunks;
      out.missing_bytes += chunk.size_bytes;
    }
  }
  if (from.manifest().image.codec.name == to.manifest().image.codec.name) {
    out.bytes_with_deltas = pusher::PushBytesWithDeltas(from, to);
  }
  return out;
}

}  // namespace builder
