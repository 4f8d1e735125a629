// Writes the data part of an image: each distinct chunk once, block after block, in order of
// arrival. Records the place of each chunk, for the index.
#ifndef SLIPWAY_BUILDER_WRITE_DATA_WRITER_H_
#define SLIPWAY_BUILDER_WRITE_DATA_WRITER_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "builder/compress/compressor.h"
#include "builder/erofs/extent_index.h"
#include "chunker/index.h"

namespace builder {

class DataWriter {
 public:
  // Writes to `fd`, which it does not own, from block `first_block` on. `path` is for messages.
  DataWriter(int fd, std::string path, uint32_t first_block);

  // Writes the chunk, or finds the equal one written before; its extents as they stand in the
  // image.
  std::vector<Extent> Write(const StoredChunk& chunk);
  // Bytes that are no chunk of content (metadata), to the next block; `bytes` is a multiple of the
  // block size.
  void WritePlain(base::Bytes bytes);

  uint32_t next_block() const { return next_block_; }
  // In the order of the image, without what stands before the first block.
  const std::vector<chunker::Chunk>& chunks() const { return chunks_; }

 private:
  int fd_;
  std::string path_;
  uint32_t next_block_;
  std::unordered_map<chunker::ChunkId, uint32_t> first_block_of_;
  std::vector<chunker::Chunk> chunks_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_WRITE_DATA_WRITER_H_
