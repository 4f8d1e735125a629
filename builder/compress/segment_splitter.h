// Splits content into segments, and recognises segments of earlier builds by their hash, with the
// chunks that they became. Recognising a segment is several times as fast as finding its cuts
// again.
#ifndef SLIPWAY_BUILDER_COMPRESS_SEGMENT_SPLITTER_H_
#define SLIPWAY_BUILDER_COMPRESS_SEGMENT_SPLITTER_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "builder/compress/chunk_cache.h"
#include "chunker/cut.h"
#include "images/version/manifest.h"

namespace builder {

// Threads may use one object at once.
class SegmentSplitter {
 public:
  struct First {
    size_t size_bytes = 0;
    std::vector<base::Sha256> chunks;  // their keys in the cache; none where they are not known
  };

  // `tail_bytes`: as for Compressor::Compress. `cache`, which may be null, and `codec` must outlive
  // the object.
  SegmentSplitter(const chunker::CutSizes& segments, const chunker::CutSizes& chunks,
                  uint32_t tail_bytes, const images::Codec& codec, ChunkCache* cache);

  // Of the first segment of `content`: all that is left of its file, or as much as a segment has at
  // most and perhaps more.
  First FirstOf(base::Bytes content, bool is_all) const;
  // What a segment, which perhaps ended its file, became.
  void Remember(base::Bytes segment, bool ends_file, std::vector<base::Sha256> chunks) const;

  const chunker::CutFinder& segment_cuts() const { return segment_cuts_; }
  const chunker::CutFinder& chunk_cuts() const { return chunk_cuts_; }
  uint32_t tail_bytes() const { return tail_bytes_; }

 private:
  base::Sha256 KeyOf(base::Bytes segment) const;

  const chunker::CutFinder segment_cuts_;
  const chunker::CutFinder chunk_cuts_;
  const uint32_t tail_bytes_;
  const images::Codec& codec_;
  ChunkCache* const cache_;
  const std::string way_;  // all of the above that a segment's chunks depend on
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_COMPRESS_SEGMENT_SPLITTER_H_
