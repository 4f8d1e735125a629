// Splits content into segments and segments into chunks, with the cache of earlier builds in front
// of the compressor: nothing else knows the cache. A repeated segment is recognised by its hash,
// several times as fast as finding its cuts again; in a new segment, single chunks may be known.
#ifndef SLIPWAY_BUILDER_COMPRESS_CACHED_COMPRESSOR_H_
#define SLIPWAY_BUILDER_COMPRESS_CACHED_COMPRESSOR_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "builder/compress/chunk_cache.h"
#include "builder/compress/compressor.h"
#include "chunker/cut.h"
#include "images/version/manifest.h"

namespace builder {

// Threads may use one object at once.
class CachedCompressor {
 public:
  struct First {
    size_t size_bytes = 0;
    std::vector<base::Sha256> chunks;  // their keys in the cache; none where they are not known
  };

  // `tail_bytes`: as for Compressor::Compress. `cache`, which may be null, and `codec` must outlive
  // the object.
  CachedCompressor(const chunker::CutSizes& segments, const chunker::CutSizes& chunks,
                   uint32_t tail_bytes, const images::Codec& codec, ChunkCache* cache);

  // Of the first segment of `content`: all that is left of its file, or as much as a segment has at
  // most and perhaps more.
  First FirstOf(base::Bytes content, bool is_all) const;
  // As Compressor::Compress. `known_chunks`: as FirstOf said.
  std::vector<StoredChunk> Compress(base::Bytes segment, bool ends_file,
                                    std::span<const base::Sha256> known_chunks,
                                    Compressor& compressor) const;

  const chunker::CutFinder& segment_cuts() const { return segment_cuts_; }

 private:
  base::Sha256 KeyOf(base::Bytes segment) const;
  // nullopt where there are no keys, or one has no chunk.
  std::optional<std::vector<StoredChunk>> ChunksOf(std::span<const base::Sha256> keys) const;

  const chunker::CutFinder segment_cuts_;
  const chunker::CutFinder chunk_cuts_;
  const uint32_t tail_bytes_;
  const images::Codec& codec_;
  ChunkCache* const cache_;
  const std::string way_;  // all of the above that a segment's chunks depend on
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_COMPRESS_CACHED_COMPRESSOR_H_
