// Reads large files and splits them into segments, one segment ahead of its caller.
#ifndef SLIPWAY_BUILDER_WRITE_FILE_SEGMENTS_H_
#define SLIPWAY_BUILDER_WRITE_FILE_SEGMENTS_H_

#include <cstdint>
#include <future>
#include <memory>
#include <vector>

#include "builder/compress/compression_pipeline.h"
#include "builder/tree/tree.h"

namespace builder {

struct FileSegment {
  std::unique_ptr<Segment> segment;
  uint64_t read_bytes = 0;  // since the last one
};

class FileSegments {
 public:
  // The nodes are files that are not empty; they and `compressor` must outlive the object.
  FileSegments(std::vector<const Node*> files, const CachedCompressor& compressor);

  // In order, all of a file before the next one's; `empty` is taken for one that comes later.
  // Throws what reading it threw (tree.h).
  FileSegment Next(std::unique_ptr<Segment> empty);

 private:
  void ReadAhead(std::unique_ptr<Segment> empty);
  FileSegment Read(std::unique_ptr<Segment> next);

  const std::vector<const Node*> files_;
  const CachedCompressor& compressor_;
  // Of the thread that reads, while there is one.
  size_t file_ = 0;
  uint64_t read_bytes_ = 0;           // of that file
  std::unique_ptr<Segment> waiting_;  // what the last segment left
  std::future<FileSegment> ahead_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_WRITE_FILE_SEGMENTS_H_
