// Compresses content into chunks as the image stores them: whole blocks, with one or more extents.
// Decides where chunks end, because the best end is the one that wastes fewest bytes of its last
// block. Only the content matters, so equal content gives equal chunks.
#ifndef SLIPWAY_BUILDER_COMPRESS_COMPRESSOR_H_
#define SLIPWAY_BUILDER_COMPRESS_COMPRESSOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "builder/compress/stored_chunk.h"
#include "chunker/codec_table.h"
#include "chunker/cut.h"
#include "images/version/manifest.h"

namespace builder {

// One per thread: keeps a codec's working memory.
class Compressor {
 public:
  explicit Compressor(const images::Codec& codec) : encoder_(chunker::MakeFrameEncoder(codec)) {}

  // Compresses a piece of content into chunks. `starts_file`: it begins at offset 0 of its file;
  // `ends_file`: it ends with the file. A last part shorter than `tail_bytes` is left for the
  // packed inode (only where `ends_file`): the chunks then cover less than `content`.
  std::vector<StoredChunk> Compress(std::span<const uint8_t> content,
                                    const chunker::CutFinder& cuts, bool ends_file,
                                    uint32_t tail_bytes);
  // The same with chunks of another's making, which are to be as MakeChunk makes them.
  using MakesChunk = std::function<StoredChunk(const ChunkInput&)>;
  std::vector<StoredChunk> Compress(std::span<const uint8_t> content,
                                    const chunker::CutFinder& cuts, bool ends_file,
                                    uint32_t tail_bytes, const MakesChunk& make);
  StoredChunk MakeChunk(const ChunkInput& input);

 private:
  ChunkInput FirstChunkOf(std::span<const uint8_t> rest, const chunker::CutFinder& cuts,
                          bool ends_file) const;
  StoredChunk MakeRaw(std::span<const uint8_t> content, bool ends_file);

  const std::unique_ptr<chunker::FrameEncoder> encoder_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_COMPRESS_COMPRESSOR_H_
