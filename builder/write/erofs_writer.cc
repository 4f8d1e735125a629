#include "builder/write/erofs_writer.h"

#include <malloc.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/keyed_hash.h"
#include "base/progress.h"
#include "builder/compress/compression_pipeline.h"
#include "builder/erofs/erofs_format.h"
#include "builder/erofs/inode.h"
#include "builder/erofs/metadata.h"
#include "builder/erofs/superblock.h"
#include "builder/write/data_writer.h"
#include "builder/write/file_segments.h"
#include "builder/write/packed_places.h"
#include "builder/write/small_files.h"
#include "chunker/codec_table.h"

namespace builder {
namespace {

using erofs::kBlockBytes;

// Measured on real closures; docs/formats/erofs.md says what else was tried.
constexpr uint32_t kPackedBelowBytes = 64
                                       << 10;  // files, and last parts of files, shorter than this
constexpr uint64_t kInlineBytes = 32;          // no larger than an entry in the packed inode
constexpr uint32_t kMetadataAverageBytes = 16 << 10;
constexpr uint64_t kMetadataPieceBytes = 1 << 20;  // longer than any of its chunks
// Buffers from here on go back to the system when they are freed. Otherwise the heap keeps what
// buffers of many lengths leave between them: a quarter of all the memory that a build takes.
constexpr int kOwnMappingBytes = 1 << 20;
constexpr int kKeptBytes = 16 << 20;  // of a heap's unused end: chunks come and go all the time

bool IsFile(const Inode& inode) { return inode.node->kind == Node::Kind::kFile; }

uint64_t CountOfFiles(const std::vector<Inode>& inodes) {
  return static_cast<uint64_t>(std::count_if(inodes.begin(), inodes.end(), IsFile));
}

bool HasBlocks(const Inode& inode) {
  return IsFile(inode) && inode.node->size_bytes >= kPackedBelowBytes;
}

bool IsPacked(const Inode& inode) {
  return IsFile(inode) && inode.node->size_bytes > kInlineBytes && !HasBlocks(inode);
}

template <typename Predicate>
std::vector<const Node*> NodesOf(const std::vector<Inode>& inodes, Predicate predicate) {
  std::vector<const Node*> out;
  for (const Inode& inode : inodes) {
    if (predicate(inode)) {
      out.push_back(inode.node);
    }
  }
  return out;
}

// The passes share what they fill.
class ImageWriter {
 public:
  ImageWriter(const Tree& tree, int fd, const std::string& path, const WriteOptions& options,
              const base::Io& io)
      : fd_(fd),
        path_(path),
        options_(options),
        time_seconds_(tree.time_seconds()),
        inodes_(InodesOf(tree)),
        data_(fd, path, 1),
        progress_(io, "compressing", tree.root().ContentBytes(), CountOfFiles(inodes_)) {}

  WrittenImage Run() {
    ::malloc_trim(0);  // what the list of inodes took while it was made, of a large tree
    WriteContent();
    ::malloc_trim(0);
    WriteMetadata();
    return Finish();
  }

 private:
  void WriteContent() {
    CompressionPipeline pipeline(options_.codec, options_.threads);
    WriteFiles(pipeline);   // files with blocks of their own; their short tails are left over
    WritePacked(pipeline);  // small files and tails, one after another in the packed inode
    pipeline.Finish();
    packed_places_ = PackedPlaces(0);
    last_segments_ = {};
    if (packed_data_->size_bytes > 0) {
      AddPackedInode();
    }
  }

  void WriteFiles(CompressionPipeline& pipeline) {
    FileSegments segments(NodesOf(inodes_, HasBlocks), file_compressor_);
    for (Inode& inode : inodes_) {
      if (HasBlocks(inode)) {
        inode.data = std::make_unique<IndexedFile>();
        inode.data->size_bytes = inode.node->size_bytes;
        inode.data->algorithm = kind_.erofs_algorithm;
        SubmitFile(inode, segments, pipeline);
        progress_.AddFile();
      }
    }
  }

  void SubmitFile(Inode& inode, FileSegments& segments, CompressionPipeline& pipeline) {
    for (bool ends_file = false; !ends_file;) {
      base::ThrowIfInterrupted();
      FileSegment next = segments.Next(pipeline.NewSegment());
      progress_.Add(next.read_bytes);
      ends_file = next.segment->how.ends_file;
      Submit(std::move(next.segment), pipeline, *inode.data);
    }
    last_segments_.push_back(pipeline.submitted());
  }

  void Submit(std::unique_ptr<Segment> segment, CompressionPipeline& pipeline, IndexedFile& file) {
    pipeline.Submit(std::move(segment), [this, &file](const std::vector<StoredChunk>& chunks) {
      for (const StoredChunk& chunk : chunks) {
        const std::vector<Extent> extents = data_.Write(chunk);
        file.extents.insert(file.extents.end(), extents.begin(), extents.end());
      }
    });
  }

  void WritePacked(CompressionPipeline& pipeline) {
    waiting_ = pipeline.NewSegment();
    SmallFiles small_files(NodesOf(inodes_, IsPacked), content_hash_);
    auto last_segment = last_segments_.begin();
    for (Inode& inode : inodes_) {
      base::ThrowIfInterrupted();
      if (!IsFile(inode)) {
        continue;
      }
      if (HasBlocks(inode)) {
        pipeline.HandOverUpTo(*last_segment++);
        PackTail(inode, pipeline);
        continue;  // counted before
      }
      if (IsPacked(inode)) {
        inode.packed_offset = Pack(small_files.Next(), pipeline);
        progress_.Add(inode.node->size_bytes);
      }
      progress_.AddFile();
    }
    while (!waiting_->content().empty()) {
      SubmitPacked(/*ends_file=*/true, pipeline);
    }
    waiting_.reset();
  }

  // The first segment of what is waiting; `ends_file` is about all of it.
  void SubmitPacked(bool ends_file, CompressionPipeline& pipeline) {
    std::unique_ptr<Segment> next = pipeline.NewSegment();
    CachedCompressor::First first = packed_compressor_.FirstOf(waiting_->content(), ends_file);
    waiting_->MoveRest(first.size_bytes, *next);
    waiting_->how = {&packed_compressor_, ends_file && next->content().empty(),
                     std::move(first.chunks)};
    Submit(std::exchange(waiting_, std::move(next)), pipeline, *packed_data_);
  }

  void AddPackedInode() {
    packed_data_->algorithm = kind_.erofs_algorithm;
    packed_node_.kind = Node::Kind::kFile;
    packed_node_.permissions = 0444;
    packed_node_.mtime_seconds = time_seconds_;
    Inode& packed = inodes_.emplace_back();
    packed.node = &packed_node_;
    packed.names = 1;
    packed.parent = Inode::kNoParent;
    packed.data = std::move(packed_data_);
  }

  // What is left of a file with blocks of its own.
  void PackTail(Inode& inode, CompressionPipeline& pipeline) {
    uint64_t stored = 0;
    for (const Extent& extent : inode.data->extents) {
      stored += extent.content_bytes;
    }
    if (stored == inode.node->size_bytes) {
      return;
    }
    SmallFile tail;
    tail.content = inode.node->Read(stored, inode.node->size_bytes - stored);
    if (packed_data_->size_bytes < options_.tail_reach_bytes) {
      inode.data->extents.push_back({static_cast<uint32_t>(tail.content.size()), 0, 0, false});
      tail.hash = content_hash_.Of(tail.content);
      inode.data->fragment_offset = Pack(tail, pipeline);
    } else {
      std::unique_ptr<Segment> segment = pipeline.NewSegment();
      segment->Append(tail.content);
      segment->how = {&packed_compressor_, /*ends_file=*/true,
                      packed_compressor_.FirstOf(tail.content, /*is_all=*/true).chunks};
      Submit(std::move(segment), pipeline, *inode.data);
    }
  }

  // Where the packed inode has this content, each content once.
  uint64_t Pack(const SmallFile& file, CompressionPipeline& pipeline) {
    const uint64_t end = packed_data_->size_bytes;
    const uint64_t offset = packed_places_.PutIfNew(file.hash, end);
    if (offset == end) {
      packed_data_->size_bytes += file.content.size();
      waiting_->Append(file.content);
      if (waiting_->content().size() >= kPackedSegmentSizes.max_bytes) {
        SubmitPacked(/*ends_file=*/false, pipeline);
      }
    }
    return offset;
  }

  void WriteMetadata() {
    metadata_block_ = data_.next_block();
    metadata_ = SerializeMetadata(inodes_, metadata_block_, time_seconds_,
                                  [this](base::Bytes blocks) { data_.WritePlain(blocks); });
  }

  WrittenImage Finish() {
    // The image's UUID is made of all that follows the superblock.
    base::Sha256Hasher content;
    for (const chunker::Chunk& chunk : data_.chunks()) {
      content.Update(chunk.id.digest.bytes);
    }
    const std::vector<chunker::Chunk> metadata = ReadMetadata(content);
    SuperblockFacts facts;
    facts.codec = options_.codec;
    facts.label = options_.label;
    facts.time_seconds = time_seconds_;
    facts.inodes = inodes_.size() - (metadata_.packed_nid != 0 ? 1 : 0);
    facts.blocks = data_.next_block();
    facts.metadata_block = metadata_block_;
    facts.xattr_block = metadata_.xattr_block;
    facts.root_nid = metadata_.root_nid;
    facts.packed_nid = metadata_.packed_nid;
    facts.content = content.Finish();
    const std::vector<uint8_t> first_block = MakeSuperblock(facts);
    base::PWriteAll(fd_, first_block, 0, path_);

    WrittenImage out;
    out.size_bytes = uint64_t{facts.blocks} * kBlockBytes;
    out.index.Append(chunker::ChunkId{base::Sha256Of(first_block)},
                     static_cast<uint32_t>(first_block.size()));
    for (const chunker::Chunk& chunk : data_.chunks()) {
      out.index.Append(chunk.id, chunk.size_bytes);
    }
    for (const chunker::Chunk& chunk : metadata) {
      out.index.Append(chunk.id, chunk.size_bytes);
    }
    return out;
  }

  // Its chunks, read back so that it is never in memory as a whole; `content` gets it, too.
  std::vector<chunker::Chunk> ReadMetadata(base::Sha256Hasher& content) const {
    const chunker::CutFinder cuts(
        chunker::CutSizes::Around(kMetadataAverageBytes, chunker::kLongestCutBytes));
    const uint64_t end = uint64_t{data_.next_block()} * kBlockBytes;
    std::vector<chunker::Chunk> out;
    for (uint64_t at = uint64_t{metadata_block_} * kBlockBytes; at < end;) {
      const std::vector<uint8_t> piece =
          base::PRead(fd_, at, std::min<uint64_t>(end - at, kMetadataPieceBytes), path_);
      const bool is_last = at + piece.size() == end;
      for (base::Bytes rest = piece;
           !rest.empty() && (is_last || rest.size() >= cuts.sizes().max_bytes);) {
        const base::Bytes chunk = rest.first(cuts.FirstCut(rest));
        out.push_back(
            {chunker::ChunkId{base::Sha256Of(chunk)}, at, static_cast<uint32_t>(chunk.size())});
        content.Update(chunk);
        at += chunk.size();
        rest = rest.subspan(chunk.size());
      }
    }
    return out;
  }

  const int fd_;
  const std::string path_;
  const WriteOptions& options_;
  const int64_t time_seconds_;
  std::vector<Inode> inodes_;
  DataWriter data_;
  base::Progress progress_;
  const chunker::CodecKind& kind_ = chunker::CodecNamed(options_.codec.name);
  const CachedCompressor file_compressor_{kSegmentSizes, kind_.file_cuts, kPackedBelowBytes,
                                          options_.codec, options_.cache};
  const CachedCompressor packed_compressor_{kPackedSegmentSizes, kind_.packed_cuts, 0,
                                            options_.codec, options_.cache};
  Node packed_node_;
  std::unique_ptr<IndexedFile> packed_data_ = std::make_unique<IndexedFile>();  // until it is whole
  std::unique_ptr<Segment> waiting_;     // packed, but not yet submitted
  std::vector<uint64_t> last_segments_;  // the last segment's number of each file with blocks
  const base::KeyedHash content_hash_{base::KeyedHash::NewKey()};
  PackedPlaces packed_places_{CountOfFiles(inodes_)};
  uint32_t metadata_block_ = 0;
  Metadata metadata_;
};

}  // namespace

WrittenImage WriteErofs(const Tree& tree, int fd, const std::string& path,
                        const WriteOptions& options, const base::Io& io) {
  ::mallopt(M_MMAP_THRESHOLD, kOwnMappingBytes);
  ::mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  return ImageWriter(tree, fd, path, options, io).Run();
}

}  // namespace builder
