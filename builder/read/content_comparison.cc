#include "builder/read/content_comparison.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/parallel_for.h"
#include "builder/read/liberofs_reader.h"

namespace builder {
namespace {

constexpr uint64_t kPieceBytes = 4 << 20;

// What one thread compares in one go: a part of a large file, or small files that are neighbours
// in the packed inode too.
struct Batch {
  size_t first = 0;
  size_t end = 0;  // of files
  uint64_t offset = 0;
  uint64_t length = 0;  // of each file, from `offset`
};

// One thread's, used again and again.
struct Buffers {
  std::unique_ptr<uint8_t[]> expected = std::make_unique_for_overwrite<uint8_t[]>(kPieceBytes);
  std::unique_ptr<uint8_t[]> found = std::make_unique_for_overwrite<uint8_t[]>(kPieceBytes);
};

std::vector<Batch> BatchesOf(const std::vector<FileToCompare>& files) {
  std::vector<Batch> out;
  constexpr uint64_t kFull = kPieceBytes + 1;  // not even an empty file may join
  uint64_t gathered = kFull;                   // in the last batch
  for (size_t i = 0; i < files.size(); ++i) {
    const uint64_t size = files[i].node->size_bytes;
    if (gathered + size <= kPieceBytes) {
      out.back().end = i + 1;
      gathered += size;
      continue;
    }
    for (uint64_t at = 0; at < std::max<uint64_t>(size, 1); at += kPieceBytes) {
      out.push_back({i, i + 1, at, kPieceBytes});
    }
    gathered = std::min(size, kFull);
  }
  return out;
}

// The first of its paths; "" where it is not below `folder`. A path for each file would take more
// memory than all else here.
std::string PathOf(const Node& node, const Node& folder) {
  for (const auto& [name, child] : folder.children) {
    if (child == &node) {
      return fmt::format("/{}", name);
    }
    if (const std::string rest = PathOf(node, *child); !rest.empty()) {
      return fmt::format("/{}{}", name, rest);
    }
  }
  return "";
}

struct CloseReader {
  void operator()(LiberofsReader* reader) const { LiberofsClose(reader); }
};
using Reader = std::unique_ptr<LiberofsReader, CloseReader>;

class ContentComparison {
 public:
  ContentComparison(const std::string& image_path, const Node& root,
                    const std::vector<FileToCompare>& files, base::Progress& progress)
      : image_path_(image_path),
        root_(root),
        files_(files),
        batches_(BatchesOf(files)),
        progress_(progress) {}

  void Run(unsigned threads) {
    std::vector<Reader> readers;  // opened and closed by one thread: liberofs's settings are global
    for (unsigned i = 0; i < std::min<size_t>(threads, batches_.size()); ++i) {
      LiberofsReader* reader = nullptr;
      Check(LiberofsOpen(image_path_.c_str(), &reader), root_);
      readers.emplace_back(reader);
    }
    std::vector<Buffers> buffers(readers.size());
    base::ParallelFor(batches_.size(), readers.size(), [&](size_t i, size_t worker) {
      Compare(batches_[i], readers[worker].get(), buffers[worker]);
    });
    base::ThrowIfInterrupted();
  }

 private:
  void Check(int error, const Node& node) const {
    if (error != 0) {
      FailAsDifferent(image_path_, PathOf(node, root_),
                      std::string("upstream's reader says: ") + std::strerror(-error));
    }
  }

  void Compare(const Batch& batch, LiberofsReader* reader, Buffers& buffers) {
    for (size_t i = batch.first; i < batch.end; ++i) {
      const FileToCompare& file = files_[i];
      const uint64_t length = std::min(batch.length, file.node->size_bytes - batch.offset);
      const std::span<uint8_t> expected(buffers.expected.get(), length);
      uint8_t* const found = buffers.found.get();
      file.node->ReadInto(expected, batch.offset);
      Check(LiberofsRead(reader, file.nid, found, length, batch.offset), *file.node);
      if (std::memcmp(expected.data(), found, length) != 0) {
        FailAsDifferent(image_path_, PathOf(*file.node, root_),
                        fmt::format("other content from byte {} on", batch.offset));
      }
      progress_.Add(length);
      if (batch.offset + length == file.node->size_bytes) {
        progress_.AddFile();
      }
    }
  }

  const std::string& image_path_;
  const Node& root_;
  const std::vector<FileToCompare>& files_;
  const std::vector<Batch> batches_;
  base::Progress& progress_;
};

}  // namespace

void CompareContents(const std::string& image_path, const Node& root,
                     const std::vector<FileToCompare>& files, unsigned threads,
                     base::Progress& progress) {
  ContentComparison(image_path, root, files, progress).Run(threads);
}

void FailAsDifferent(const std::string& image_path, const std::string& path,
                     const std::string& how) {
  base::Fail(base::ExitCode::kVerification,
             "the image {} is not what it was made of: {}: {}; nothing was published", image_path,
             path.empty() ? "/" : path, how);
}

}  // namespace builder
