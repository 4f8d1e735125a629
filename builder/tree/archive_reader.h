// Reads a tar archive, plain or compressed, from start to end with libarchive.
#ifndef SLIPWAY_BUILDER_TREE_ARCHIVE_READER_H_
#define SLIPWAY_BUILDER_TREE_ARCHIVE_READER_H_

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/digest.h"
#include "base/file.h"

namespace builder {

struct FreeArchive {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using ArchivePointer = std::unique_ptr<archive, FreeArchive>;

// What a file is when gzip, bzip2, xz and zstd are taken off, a piece at a time.
class PlainStream {
 public:
  // `name` is what errors call it.
  PlainStream(const std::string& path, std::string name);

  // The next piece, valid until the next call; empty at the end. Throws Error{kFailed} where the
  // compressed data is damaged or ends early, and when we are interrupted.
  base::Bytes Next();
  uint64_t size_bytes() const { return size_bytes_; }  // of all that Next() gave

 private:
  [[noreturn]] void Damaged() const;

  std::string name_;
  ArchivePointer archive_;
  bool is_empty_ = false;
  uint64_t size_bytes_ = 0;
};

// Of what a compressed file holds.
base::Sha256 Sha256OfPlain(const std::string& path, const std::string& name);

class ArchiveReader {
 public:
  // `name` is what errors call it. Throws Error{kFailed} where it is no archive.
  ArchiveReader(const std::string& path, std::string name);
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  // The next entry, which stays valid until the next call; null at the end. Throws where the
  // archive is damaged or ends within an entry, and when we are interrupted.
  archive_entry* Next();
  // The entry's content, into a new file of the entry's size: what a sparse one leaves out is zero.
  void ContentTo(const std::string& path);
  // After the last entry: whether the archive stops right there, without the blocks that end one.
  bool lacks_end() const { return lacks_end_; }

 private:
  static la_ssize_t OnRead(archive* reader, void* self, const void** piece);
  la_ssize_t Feed(const void** piece);
  void EndOfEntries();
  void RefuseSparseOfStar() const;
  [[noreturn]] void Damaged() const;

  std::string name_;
  PlainStream stream_;
  std::string error_;         // of `stream_`, which must not pass through libarchive
  base::Bytes piece_;         // of `stream_`, the last
  bool padded_ = false;       // zeros were added after the stream's end
  uint64_t entries_end_ = 0;  // in the stream
  archive_entry* entry_ = nullptr;
  bool lacks_end_ = false;
  ArchivePointer archive_;
};

// An entry's name as "/a/b", without "." components and slashes at its start; "/" for the root.
// Throws Error{kFailed} that names the entry where it has "..".
std::string CheckedEntryPath(const std::string& entry, const std::string& archive);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TREE_ARCHIVE_READER_H_
