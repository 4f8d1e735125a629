#include "images/version/chunk_reader.h"

#include "base/error.h"
#include "base/file.h"

namespace images {

ChunkReader::ChunkReader(const ImageDirectory& image)
    : path_(image.image_path()),
      codec_name_(image.manifest().image.codec.name),
      index_(image.ReadIndex()),
      fd_(base::OpenForReading(path_)) {}

std::vector<uint8_t> ChunkReader::Read(const chunker::Chunk& chunk) const {
  std::vector<uint8_t> out = ReadAgain(chunk);
  if (base::Sha256Of(out) != chunk.id.digest) {
    base::Fail(base::ExitCode::kVerification,
               "{} is damaged: the {} bytes from {} are not those that its index names; build or "
               "push it again",
               path_, chunk.size_bytes, chunk.offset);
  }
  return out;
}

std::vector<uint8_t> ChunkReader::ReadAgain(const chunker::Chunk& chunk) const {
  return base::PRead(fd_.get(), chunk.offset, chunk.size_bytes, path_);
}

chunker::ChunkContent ChunkReader::ReadContent(const chunker::Chunk& chunk) const {
  return chunker::ContentOf(Read(chunk), codec_name_);
}

}  // namespace images
