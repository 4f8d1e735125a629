#include "builder/erofs_writer.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "builder/compression_pipeline.h"
#include "builder/data_writer.h"
#include "builder/erofs_format.h"
#include "builder/inode.h"
#include "builder/metadata.h"
#include "builder/superblock.h"

namespace builder {
namespace {

using erofs::kBlockBytes;

// Measured on real closures; docs/formats/erofs.md says what else was tried.
constexpr uint32_t kFileAverageBytes = 128 << 10;
constexpr uint32_t kPackedAverageBytes = 256 << 10;
constexpr uint32_t kPackedBelowBytes = 64
                                       << 10;  // files, and last parts of files, shorter than this
constexpr uint64_t kInlineBytes = 32;          // no larger than an entry in the packed inode
// A chunk may end up to 96 KiB after its regular cut, grows by a block where it does not shrink,
// and must stay within 1 MiB.
constexpr uint32_t kLongestCutBytes = (1 << 20) - (128 << 10);
constexpr uint32_t kMetadataAverageBytes = 16 << 10;

// The longest tail that a fragment tail's 32-bit offset can reach.
constexpr uint64_t kMaxPackedBytes = uint64_t{1} << 32;

bool IsFile(const Inode& inode) {
  return inode.node != nullptr && inode.node->kind == Node::Kind::kFile;
}

// The passes share what they fill.
class ImageWriter {
 public:
  ImageWriter(const Tree& tree, int fd, const std::string& path, const WriteOptions& options,
              const base::Io& io)
      : fd_(fd),
        path_(path),
        options_(options),
        inodes_(InodesOf(tree)),
        data_(fd, path, 1),
        progress_(io, "compressing", tree.root().ContentBytes()) {}

  WrittenImage Run() {
    WriteFiles();   // files with blocks of their own; their short tails are left over
    WritePacked();  // small files and tails, one after another in the packed inode
    WriteMetadata();
    return Finish();
  }

 private:
  void WriteFiles() {
    const chunker::CutFinder cuts(chunker::CutSizes::Around(kFileAverageBytes, kLongestCutBytes));
    CompressionPipeline pipeline(options_.codec, cuts, options_.threads, options_.cache);
    for (Inode& inode : inodes_) {
      if (IsFile(inode) && inode.node->size_bytes >= kPackedBelowBytes) {
        inode.data.size_bytes = inode.node->size_bytes;
        SubmitFile(inode, pipeline);
      }
    }
    pipeline.Finish();
  }

  void SubmitFile(Inode& inode, CompressionPipeline& pipeline) {
    const chunker::CutFinder segments(kSegmentSizes);
    const uint64_t size = inode.node->size_bytes;
    std::vector<uint8_t> behind;  // read already, from `at` on: segments vary in length
    for (uint64_t at = 0; at < size;) {
      base::ThrowIfInterrupted();
      std::vector<uint8_t> content = std::move(behind);
      const uint64_t wanted = std::min<uint64_t>(size - at, kSegmentSizes.max_bytes);
      const std::vector<uint8_t> more =
          inode.node->Read(at + content.size(), wanted - content.size());
      content.insert(content.end(), more.begin(), more.end());
      const size_t cut = segments.FirstCut(content);
      behind.assign(content.begin() + static_cast<std::ptrdiff_t>(cut), content.end());
      content.resize(cut);
      const uint64_t end = at + cut;
      progress_.Add(content.size());
      pipeline.Submit(
          {std::move(content), end == size, kPackedBelowBytes},
          [this, &inode](const std::vector<StoredChunk>& chunks) { Place(chunks, inode.data); });
      at = end;
    }
  }

  void Place(const std::vector<StoredChunk>& chunks, IndexedFile& file) {
    for (const StoredChunk& chunk : chunks) {
      const std::vector<Extent> extents = data_.Write(chunk);
      file.extents.insert(file.extents.end(), extents.begin(), extents.end());
    }
  }

  void WritePacked() {
    const chunker::CutFinder cuts(chunker::CutSizes::Around(kPackedAverageBytes, kLongestCutBytes));
    CompressionPipeline pipeline(options_.codec, cuts, options_.threads, options_.cache);
    for (Inode& inode : inodes_) {
      if (IsFile(inode)) {
        base::ThrowIfInterrupted();
        PackWhatIsLeft(inode, pipeline);
      }
    }
    SubmitPacked(pipeline, /*last=*/true);
    pipeline.Finish();
    if (packed_.data.size_bytes > 0) {
      packed_.data.algorithm = Algorithm();
      inodes_.push_back(std::move(packed_));
    }
  }

  // A small file or a tail, unless the same content is packed already.
  void PackWhatIsLeft(Inode& inode, CompressionPipeline& pipeline) {
    uint64_t stored = 0;
    for (const Extent& extent : inode.data.extents) {
      stored += extent.content_bytes;
    }
    const uint64_t size = inode.node->size_bytes;
    if (size <= kInlineBytes || stored == size) {
      inode.data.algorithm = Algorithm();
      return;
    }
    const std::vector<uint8_t> content = inode.node->Read(stored, size - stored);
    if (stored == 0) {
      progress_.Add(content.size());
    }
    const auto [known, is_new] =
        packed_offset_of_.emplace(base::Sha256Of(content), packed_.data.size_bytes);
    const uint64_t offset = known->second;
    if (is_new) {
      packed_.data.size_bytes += content.size();
      waiting_.insert(waiting_.end(), content.begin(), content.end());
      SubmitPacked(pipeline, /*last=*/false);
    }
    if (stored == 0) {
      inode.packed_offset = offset;
      inode.data = {};
      return;
    }
    if (offset >= kMaxPackedBytes) {
      base::Fail(base::Code::kFailed, "{}: more than 4 GiB of small files; leave some out",
                 inode.path);
    }
    inode.data.extents.push_back({content.size(), 0, 0, false});
    inode.data.fragment_offset = offset;
    inode.data.algorithm = Algorithm();
  }

  void SubmitPacked(CompressionPipeline& pipeline, bool last) {
    const chunker::CutFinder segments(kSegmentSizes);
    while (waiting_.size() >= kSegmentSizes.max_bytes || (last && !waiting_.empty())) {
      const size_t cut = segments.FirstCut(waiting_);
      const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(cut);
      std::vector<uint8_t> content(waiting_.begin(), end);
      waiting_.erase(waiting_.begin(), end);
      pipeline.Submit(
          {std::move(content), last && waiting_.empty(), 0},
          [this](const std::vector<StoredChunk>& chunks) { Place(chunks, packed_.data); });
    }
  }

  uint8_t Algorithm() const { return options_.codec.name == "zstd" ? erofs::kZstd : erofs::kLz4; }

  void WriteMetadata() {
    metadata_block_ = data_.next_block();
    metadata_ = SerializeMetadata(inodes_, metadata_block_);
    data_.WritePlain(metadata_.bytes);
  }

  WrittenImage Finish() {
    SuperblockFacts facts;
    facts.codec = options_.codec;
    facts.label = options_.label;
    facts.inodes = inodes_.size() - (metadata_.packed_nid != 0 ? 1 : 0);
    facts.blocks = data_.next_block();
    facts.metadata_block = metadata_block_;
    facts.root_nid = metadata_.root_nid;
    facts.packed_nid = metadata_.packed_nid;
    facts.content = ContentDigest();
    const std::vector<uint8_t> first_block = MakeSuperblock(facts);
    base::PWriteAll(fd_, first_block, 0, path_);

    WrittenImage out;
    out.size_bytes = uint64_t{facts.blocks} * kBlockBytes;
    Append(first_block, out.index);
    for (const chunker::Chunk& chunk : data_.chunks()) {
      out.index.Append(chunk.id, chunk.size_bytes);
    }
    const chunker::CutFinder cuts(
        chunker::CutSizes::Around(kMetadataAverageBytes, kLongestCutBytes));
    for (base::Bytes rest = metadata_.bytes; !rest.empty();) {
      const base::Bytes chunk = rest.first(cuts.FirstCut(rest));
      Append(chunk, out.index);
      rest = rest.subspan(chunk.size());
    }
    out.sha256 = base::Sha256OfFile(path_);
    return out;
  }

  static void Append(base::Bytes chunk, chunker::ChunkIndex& index) {
    index.Append(chunker::ChunkId{base::Sha256Of(chunk)}, static_cast<uint32_t>(chunk.size()));
  }

  // Of all that follows the superblock: the image's UUID is made of it.
  base::Sha256 ContentDigest() const {
    base::Sha256Hasher hasher;
    for (const chunker::Chunk& chunk : data_.chunks()) {
      hasher.Update(chunk.id.digest.bytes);
    }
    hasher.Update(metadata_.bytes);
    return hasher.Finish();
  }

  const int fd_;
  const std::string path_;
  const WriteOptions& options_;
  std::vector<Inode> inodes_;
  DataWriter data_;
  base::Progress progress_;
  Inode packed_;
  std::vector<uint8_t> waiting_;  // packed content that is not yet submitted
  std::unordered_map<base::Sha256, uint64_t> packed_offset_of_;
  uint32_t metadata_block_ = 0;
  Metadata metadata_;
};

}  // namespace

WrittenImage WriteErofs(const Tree& tree, int fd, const std::string& path,
                        const WriteOptions& options, const base::Io& io) {
  return ImageWriter(tree, fd, path, options, io).Run();
}

}  // namespace builder
