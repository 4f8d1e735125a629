// Writes a tree as a compressed EROFS image whose chunks end at content-defined places ("aligned"
// layout: classic 4 KiB blocks; zstd needs Linux 6.10, lz4 6.1). The authority on what it writes is
// docs/formats/erofs.md.
#ifndef SLIPWAY_BUILDER_WRITE_EROFS_WRITER_H_
#define SLIPWAY_BUILDER_WRITE_EROFS_WRITER_H_

#include <cstdint>
#include <string>

#include "base/io.h"
#include "builder/compress/chunk_cache.h"
#include "builder/tree/tree.h"
#include "chunker/index.h"
#include "images/version/manifest.h"

namespace builder {

struct WriteOptions {
  images::Codec codec;
  std::string label;            // at most 15 bytes are kept
  unsigned threads = 1;         // the image does not depend on it
  ChunkCache* cache = nullptr;  // nor on this
  // A file's last part refers to the packed inode by 32 bits. Where that is as long already, such a
  // part becomes a chunk of its own. Tests set less.
  uint64_t tail_reach_bytes = uint64_t{1} << 32;
};

struct WrittenImage {
  uint64_t size_bytes = 0;
  chunker::ChunkIndex index;  // tiles the whole image
};

// Writes to `fd` (empty, readable too), named `path` in messages. The same tree, codec and label
// give the same bytes.
WrittenImage WriteErofs(const Tree& tree, int fd, const std::string& path,
                        const WriteOptions& options, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_WRITE_EROFS_WRITER_H_
