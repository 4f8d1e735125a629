#include "builder/tree/archive_reader.h"

#include <fcntl.h>

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "builder/tree/tree.h"

namespace builder {
namespace {

constexpr size_t kBlockBytes = size_t{256} << 10;

}  // namespace

ArchiveReader::ArchiveReader(const std::string& path, std::string name)
    : name_(std::move(name)), archive_(archive_read_new()) {
  archive_read_support_format_tar(archive_.get());
  archive_read_support_format_empty(archive_.get());
  archive_read_support_filter_gzip(archive_.get());
  archive_read_support_filter_zstd(archive_.get());
  if (archive_read_open_filename(archive_.get(), path.c_str(), kBlockBytes) != ARCHIVE_OK) {
    Damaged();
  }
}

void ArchiveReader::Damaged() const {
  const char* why = archive_error_string(archive_.get());
  base::Fail(base::ExitCode::kFailed, "{} is no tar archive, or a damaged one: {}", name_,
             why == nullptr ? "it cannot be read" : why);
}

archive_entry* ArchiveReader::Next() {
  base::ThrowIfInterrupted();
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(archive_.get(), &entry);
  if (result == ARCHIVE_EOF) {
    return nullptr;
  }
  // A warning is about a name that the locale cannot show; its bytes are there.
  if ((result != ARCHIVE_OK && result != ARCHIVE_WARN) ||
      archive_entry_pathname(entry) == nullptr) {
    Damaged();
  }
  return entry;
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
    base::PWriteAll(fd.get(), {static_cast<const uint8_t*>(block), size},
                    static_cast<uint64_t>(offset), path);
  }
  base::Close(std::move(fd), path);
}

std::string CheckedEntryPath(const std::string& entry, const std::string& archive) {
  std::string out;
  for (const std::string& name : PathComponents(entry)) {
    if (name == ".." || entry.starts_with('/')) {
      base::Fail(base::ExitCode::kFailed, "{}: the entry '{}' leads out of the archive", archive,
                 entry);
    }
    out += name == "." ? "" : "/" + name;
  }
  return out.empty() ? "/" : out;
}

}  // namespace builder
