#include "builder/write/data_writer.h"

#include <limits>
#include <utility>

#include "base/error.h"
#include "builder/erofs/erofs_format.h"

namespace builder {

DataWriter::DataWriter(int fd, std::string path, uint32_t first_block)
    : fd_(fd), path_(std::move(path)), next_block_(first_block) {}

void DataWriter::WritePlain(base::Bytes bytes) {
  const uint64_t blocks = bytes.size() / erofs::kBlockBytes;
  if (blocks > std::numeric_limits<uint32_t>::max() - next_block_) {
    base::Fail(base::ExitCode::kFailed, "{} would be larger than the 16 TiB that EROFS addresses",
               path_);
  }
  base::PWriteAll(fd_, bytes, uint64_t{next_block_} * erofs::kBlockBytes, path_);
  next_block_ += static_cast<uint32_t>(blocks);
}

std::vector<Extent> DataWriter::Write(const StoredChunk& chunk) {
  const auto [known, is_new] = first_block_of_.emplace(chunker::ChunkId{chunk.id}, next_block_);
  const uint32_t first_block = known->second;
  if (is_new) {
    chunks_.push_back({chunker::ChunkId{chunk.id}, uint64_t{next_block_} * erofs::kBlockBytes,
                       static_cast<uint32_t>(chunk.blocks.size())});
    WritePlain(chunk.blocks);
  }
  std::vector<Extent> out;
  out.reserve(chunk.extents.size());
  for (const ExtentShape& shape : chunk.extents) {
    out.push_back({shape.content_bytes, first_block + shape.first_block, shape.blocks, shape.raw});
  }
  return out;
}

}  // namespace builder
