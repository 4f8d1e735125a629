#include "builder/inspect/image_difference.h"

#include <unordered_set>

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
  return out;
}

}  // namespace builder
