#include "builder/inspect/image_difference.h"

#include <algorithm>
#include <span>
#include <unordered_set>

#include "chunker/codec_table.h"
#include "pusher/delta/push_size.h"

namespace builder {
namespace {

// As a push: a host compresses with the very library that its `activate` has.
bool CanRecompress(const chunker::Codec& from, const chunker::Codec& to) {
  const std::span<const chunker::CodecKind> kinds = chunker::Codecs();
  return from.name == to.name && std::ranges::any_of(kinds, [&](const chunker::CodecKind& kind) {
           return kind.name == to.name && kind.library_version() == to.library_version;
         });
}

}  // namespace

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
  if (CanRecompress(from.manifest().image.codec, to.manifest().image.codec)) {
    out.bytes_with_deltas =
        from.id() == to.id() ? 0 : pusher::PushBytesWithDeltas(from, to);  // what a host has
  }
  return out;
}

}  // namespace builder
