// Writes and reads the index of a compressed inode: which blocks hold which part of the file. The
// full form takes 8 bytes per 4 KiB of content. The compact form takes about 2, and needs the
// file's blocks to be contiguous and in order.
#ifndef SLIPWAY_BUILDER_EROFS_EXTENT_INDEX_H_
#define SLIPWAY_BUILDER_EROFS_EXTENT_INDEX_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/file.h"

namespace builder {

struct Extent {
  uint32_t content_bytes = 0;
  uint32_t block = 0;   // in the image
  uint32_t blocks = 0;  // 0: the rest of the file, which is in the packed inode
  bool raw = false;
};

struct IndexedFile {
  uint64_t size_bytes = 0;
  std::vector<Extent> extents;  // tile the file
  std::optional<uint64_t>
      fragment_offset;  // in the packed inode, of the last extent where that has no blocks
  uint8_t algorithm = 0;
};

bool CanBeCompact(const IndexedFile& file);

// Bytes of map header and index when the header stands `header_offset` bytes into the image.
uint64_t IndexBytes(const IndexedFile& file, bool compact, uint64_t header_offset);

// Writes them to `at`, which has IndexBytes() bytes, all zero. Throws where the extents break the
// format's rules: a bug of the cutter.
void WriteIndex(const IndexedFile& file, bool compact, uint64_t header_offset, uint8_t* at);

// What WriteIndex() wrote to the front of `bytes` for a file of this size. nullopt where it never
// writes such bytes, and where the file can be no frame's content.
std::optional<IndexedFile> ReadIndex(base::Bytes bytes, uint64_t size_bytes, bool compact,
                                     uint64_t header_offset);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_EXTENT_INDEX_H_
