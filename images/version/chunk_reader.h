// Reads chunks of an image from its file, and verifies them.
#ifndef SLIPWAY_IMAGES_VERSION_CHUNK_READER_H_
#define SLIPWAY_IMAGES_VERSION_CHUNK_READER_H_

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "chunker/chunk_content.h"
#include "chunker/index.h"
#include "images/version/image_directory.h"

namespace images {

// Keeps the image open: it can be read while its directory is replaced. Several threads may read.
class ChunkReader {
 public:
  // Throws where the index or the image cannot be read.
  explicit ChunkReader(const ImageDirectory& image);

  const chunker::ChunkIndex& index() const { return index_; }
  const std::string& path() const { return path_; }

  // The bytes as they stand in the image. `chunk`: of the index; Error{kVerification} where the
  // bytes are not those that it names.
  std::vector<uint8_t> Read(const chunker::Chunk& chunk) const;
  // For one that was verified before: fewer bytes where the file was cut short meanwhile.
  std::vector<uint8_t> ReadAgain(const chunker::Chunk& chunk) const;
  chunker::ChunkContent ReadContent(const chunker::Chunk& chunk) const;

 private:
  std::string path_;
  std::string codec_name_;
  chunker::ChunkIndex index_;
  base::UniqueFd fd_;
};

}  // namespace images

#endif  // SLIPWAY_IMAGES_VERSION_CHUNK_READER_H_
