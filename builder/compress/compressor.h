// Compresses content into chunks as the image stores them: whole blocks, with one or more extents.
// Decides where chunks end, because the best end is the one that wastes fewest bytes of its last
// block. Only the content matters, so equal content gives equal chunks.
#ifndef SLIPWAY_BUILDER_COMPRESS_COMPRESSOR_H_
#define SLIPWAY_BUILDER_COMPRESS_COMPRESSOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/digest.h"
#include "builder/compress/stored_chunk.h"
#include "chunker/cut.h"
#include "chunker/frame_encoder.h"
#include "images/definition/definition.h"
#include "images/version/manifest.h"

namespace builder {

class ChunkCache;

// One per thread: keeps a codec's working memory.
class Compressor {
 public:
  // `cache` may be null.
  Compressor(const images::Codec& codec, ChunkCache* cache)
      : codec_(codec), encoder_(chunker::MakeFrameEncoder(codec)), cache_(cache) {}

  // Compresses a piece of content into chunks. `starts_file`: it begins at offset 0 of its file;
  // `ends_file`: it ends with the file. A last part shorter than `tail_bytes` is left for the
  // packed inode (only where `ends_file`): the chunks then cover less than `content`. `keys`, where
  // given, gets the chunks' keys if there is a cache.
  std::vector<StoredChunk> Compress(std::span<const uint8_t> content,
                                    const chunker::CutFinder& cuts, bool ends_file,
                                    uint32_t tail_bytes, std::vector<base::Sha256>* keys = nullptr);
  // The cache's chunks of these keys; nullopt where there are no keys, or one has no chunk.
  std::optional<std::vector<StoredChunk>> KnownChunks(std::span<const base::Sha256> keys);

 private:
  ChunkInput FirstChunkOf(std::span<const uint8_t> rest, const chunker::CutFinder& cuts,
                          bool ends_file) const;
  // From the cache or made now.
  StoredChunk ChunkOf(const ChunkInput& input, std::vector<base::Sha256>* keys);
  StoredChunk MakeChunk(const ChunkInput& input);
  StoredChunk MakeRaw(std::span<const uint8_t> content, bool ends_file);

  const images::Codec codec_;
  const std::unique_ptr<chunker::FrameEncoder> encoder_;
  ChunkCache* const cache_;
};

// Codec, library version, level and parameters as the manifest records them; the frames are a
// function of these and of the content. Throws Error{kUsage} for a level that the codec does not
// have.
images::Codec CodecFor(images::Target target, uint64_t level);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_COMPRESS_COMPRESSOR_H_
