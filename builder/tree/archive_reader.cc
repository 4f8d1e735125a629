#include "builder/tree/archive_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "builder/tree/tree.h"

namespace builder {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;
constexpr uint64_t kBlockBytes = 512;  // of tar
constexpr size_t kTypeOffset = 156;    // in a header
constexpr uint64_t kEndBytes = 2 * kBlockBytes;

// What libarchive reads where an archive stops: the rest of a block, and the two that end one.
constexpr std::array<uint8_t, kBlockBytes + kEndBytes> kZeros = {};

std::string WhyOf(archive* reader) {
  const char* why = archive_error_string(reader);
  return why == nullptr ? "it cannot be read" : why;
}

}  // namespace

PlainStream::PlainStream(const std::string& path, std::string name)
    : name_(std::move(name)), archive_(archive_read_new()) {
  archive_read_support_format_raw(archive_.get());
  archive_read_support_format_empty(archive_.get());
  archive_read_support_filter_bzip2(archive_.get());
  archive_read_support_filter_gzip(archive_.get());
  archive_read_support_filter_xz(archive_.get());
  archive_read_support_filter_zstd(archive_.get());
  if (archive_read_open_filename(archive_.get(), path.c_str(), kReadBytes) != ARCHIVE_OK) {
    Damaged();
  }
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(archive_.get(), &entry);
  is_empty_ = result == ARCHIVE_EOF;
  if (!is_empty_ && result != ARCHIVE_OK) {
    Damaged();
  }
}

void PlainStream::Damaged() const {
  base::Fail(base::ExitCode::kFailed, "{} is no tar archive, or a damaged one: {}", name_,
             WhyOf(archive_.get()));
}

base::Bytes PlainStream::Next() {
  const void* piece = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  while (!is_empty_) {
    base::ThrowIfInterrupted();
    const int result = archive_read_data_block(archive_.get(), &piece, &size, &offset);
    if (result == ARCHIVE_EOF) {
      break;
    }
    if (result != ARCHIVE_OK) {
      Damaged();
    }
    if (size > 0) {
      size_bytes_ += size;
      return {static_cast<const uint8_t*>(piece), size};
    }
  }
  return {};
}

base::Sha256 Sha256OfPlain(const std::string& path, const std::string& name) {
  PlainStream stream(path, name);
  base::Sha256Hasher hasher;
  for (base::Bytes piece = stream.Next(); !piece.empty(); piece = stream.Next()) {
    hasher.Update(piece);
  }
  return hasher.Finish();
}

ArchiveReader::ArchiveReader(const std::string& path, std::string name)
    : name_(std::move(name)), stream_(path, name_), archive_(archive_read_new()) {
  archive_read_support_format_tar(archive_.get());
  archive_read_support_format_empty(archive_.get());
  if (archive_read_open(archive_.get(), this, nullptr, &OnRead, nullptr) != ARCHIVE_OK) {
    Damaged();
  }
}

la_ssize_t ArchiveReader::OnRead(archive* reader, void* self, const void** piece) {
  auto* const of = static_cast<ArchiveReader*>(self);
  try {
    return of->Feed(piece);
  } catch (const std::exception& error) {
    of->error_ = error.what();
  }
  archive_set_error(reader, EIO, "%s", of->error_.c_str());
  return -1;
}

la_ssize_t ArchiveReader::Feed(const void** piece) {
  base::Bytes next = stream_.Next();
  if (next.empty() && !padded_ && stream_.size_bytes() > 0) {
    padded_ = true;
    const uint64_t in_block = stream_.size_bytes() % kBlockBytes;
    next = base::Bytes(kZeros).first((in_block == 0 ? 0 : kBlockBytes - in_block) + kEndBytes);
  }
  piece_ = next;
  *piece = next.data();
  return static_cast<la_ssize_t>(next.size());
}

void ArchiveReader::Damaged() const {
  base::ThrowIfInterrupted();
  if (!error_.empty()) {
    throw base::Error(base::ExitCode::kFailed, error_);
  }
  base::Fail(base::ExitCode::kFailed, "{} is no tar archive, or a damaged one: {}", name_,
             WhyOf(archive_.get()));
}

archive_entry* ArchiveReader::Next() {
  base::ThrowIfInterrupted();
  if (entry_ != nullptr && archive_read_data_skip(archive_.get()) < ARCHIVE_WARN) {
    Damaged();
  }
  entries_end_ = static_cast<uint64_t>(archive_filter_bytes(archive_.get(), 0));
  const int result = archive_read_next_header(archive_.get(), &entry_);
  if (result == ARCHIVE_EOF) {
    EndOfEntries();
    return nullptr;
  }
  // A warning is about a name that the locale cannot show; its bytes are there.
  if ((result != ARCHIVE_OK && result != ARCHIVE_WARN) ||
      archive_entry_pathname(entry_) == nullptr) {
    Damaged();
  }
  RefuseSparseOfStar();
  return entry_;
}

// libarchive takes the map of such a file's holes for content. Pieces are multiples of blocks, so
// that the entry's header is in the last one, where its name and attributes are not very long.
void ArchiveReader::RefuseSparseOfStar() const {
  const uint64_t start = padded_ ? stream_.size_bytes() : stream_.size_bytes() - piece_.size();
  auto at = static_cast<uint64_t>(archive_read_header_position(archive_.get()));
  while (at >= start && at - start + kBlockBytes <= piece_.size()) {
    const base::Bytes header = piece_.subspan(at - start, kBlockBytes);
    const std::string_view text = base::AsText(header);
    const char type = text[kTypeOffset];
    if (type == 'x' || type == 'g' || type == 'K' || type == 'L') {
      const uint64_t size = std::strtoull(std::string(text.substr(124, 11)).c_str(), nullptr, 8);
      at += kBlockBytes + (size + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
      continue;
    }
    if (type == 'S' && text.substr(257, 6) == std::string_view("ustar\0", 6)) {
      base::Fail(
          base::ExitCode::kFailed,
          "{}: the entry '{}' is a sparse file as star writes it, which cannot be read: pack "
          "it with GNU tar",
          name_, archive_entry_pathname(entry_));
    }
    return;
  }
}

// The zeros that Feed() adds must not stand for a part of an entry.
void ArchiveReader::EndOfEntries() {
  entry_ = nullptr;
  const auto read = static_cast<uint64_t>(archive_filter_bytes(archive_.get(), 0));
  if (padded_ && read > entries_end_ + kEndBytes) {
    base::Fail(base::ExitCode::kFailed, "{} is a damaged tar archive: it ends within an entry",
               name_);
  }
  lacks_end_ = padded_ && stream_.size_bytes() > 0 && stream_.size_bytes() <= entries_end_;
}

void ArchiveReader::ContentTo(const std::string& path) {
  base::UniqueFd fd = base::Open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  const void* block = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  for (;;) {
    base::ThrowIfInterrupted();
    const int result = archive_read_data_block(archive_.get(), &block, &size, &offset);
    if (result == ARCHIVE_EOF) {
      break;
    }
    if (result != ARCHIVE_OK) {
      Damaged();
    }
    const auto end = static_cast<uint64_t>(archive_filter_bytes(archive_.get(), 0)) + size;
    if (padded_ && end > stream_.size_bytes()) {
      base::Fail(base::ExitCode::kFailed, "{} is a damaged tar archive: it ends within '{}'", name_,
                 archive_entry_pathname(entry_));
    }
    base::PWriteAll(fd.get(), {static_cast<const uint8_t*>(block), size},
                    static_cast<uint64_t>(offset), path);
  }
  if (::ftruncate(fd.get(), archive_entry_size(entry_)) != 0) {
    base::FailErrno(errno, "cannot write {}", path);
  }
  base::Close(std::move(fd), path);
}

std::string CheckedEntryPath(const std::string& entry, const std::string& archive) {
  std::string out;
  for (const std::string& name : PathComponents(entry)) {
    if (name == "..") {
      base::Fail(base::ExitCode::kFailed, "{}: the entry '{}' leads out of the archive", archive,
                 entry);
    }
    out += name == "." ? "" : "/" + name;
  }
  return out.empty() ? "/" : out;
}

}  // namespace builder
