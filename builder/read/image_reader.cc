#include "builder/read/image_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/printable.h"
#include "builder/read/check_image.h"
#include "builder/read/guarded.h"

namespace builder {
namespace {

constexpr uint64_t kExtractBytes = 4 << 20;
constexpr uint64_t kMaxTargetBytes = 4095;
// An index has at least two bytes for a block of content.
constexpr uint64_t kMostContentPerByte = 2048;

}  // namespace

ImageReader::ImageReader(std::string image_path)
    : image_path_(std::move(image_path)), image_bytes_(base::FileSize(image_path_)) {
  CheckImage(image_path_);
  StartNextStep();
  Check(LiberofsOpen(image_path_.c_str(), &reader_), "/");
}

ImageReader::~ImageReader() {
  if (reader_ != nullptr) {
    LiberofsClose(reader_);
  }
}

void ImageReader::Check(int error, const std::string& path) const {
  StartNextStep();
  if (error != 0) {
    base::Fail(base::ExitCode::kVerification, "{} cannot be read at {}: {}; build or push it again",
               image_path_, base::Printable(path), std::strerror(-error));
  }
}

void ImageReader::Walk(const std::function<void(const ImageEntry&)>& visit) {
  std::unordered_set<uint64_t> directories;
  WalkFrom({"/", LiberofsRoot(reader_), {}}, directories, visit);
}

void ImageReader::WalkFrom(ImageEntry entry, std::unordered_set<uint64_t>& directories,
                           const std::function<void(const ImageEntry&)>& visit) {
  base::ThrowIfInterrupted();
  Check(LiberofsStatOf(reader_, entry.nid, &entry.stat), entry.path);
  CheckSize(entry);
  if (!S_ISDIR(entry.stat.mode)) {
    visit(entry);
    return;
  }
  if (!directories.insert(entry.nid).second) {
    base::Fail(base::ExitCode::kVerification,
               "{} is damaged: the directory {} stands in two places; build or push it again",
               image_path_, base::Printable(entry.path));
  }
  visit(entry);
  const std::string prefix = entry.path == "/" ? entry.path : entry.path + "/";
  for (const auto& [name, nid] : List(entry)) {
    WalkFrom({prefix + name, nid, {}}, directories, visit);
  }
}

// Wrong ones would be read for a very long time.
void ImageReader::CheckSize(const ImageEntry& entry) const {
  const uint64_t size = entry.stat.size_bytes;
  const uint64_t most = S_ISREG(entry.stat.mode)   ? image_bytes_ * kMostContentPerByte
                        : S_ISDIR(entry.stat.mode) ? image_bytes_
                        : S_ISLNK(entry.stat.mode) ? kMaxTargetBytes
                                                   : 0;
  if (size > most || (S_ISLNK(entry.stat.mode) && size == 0)) {
    base::Fail(base::ExitCode::kVerification,
               "{} is damaged: {} has a size of {} bytes; build or push it again", image_path_,
               base::Printable(entry.path), size);
  }
}

ImageReader::Names ImageReader::List(const ImageEntry& directory) {
  Names out;
  const int error = LiberofsList(
      reader_, directory.nid,
      [](void* context, const char* name, size_t length, uint64_t child) {
        static_cast<Names*>(context)->emplace_back(std::string(name, length), child);
        return 0;
      },
      &out);
  Check(error, directory.path);
  const std::string* before = nullptr;
  for (const auto& [name, nid] : out) {
    const bool in_order = before == nullptr || *before < name;
    before = &name;
    if (!in_order || name.empty() || name.find('/') != std::string::npos || name == ".." ||
        name.find('\0') != std::string::npos) {
      base::Fail(base::ExitCode::kVerification, "{} is damaged: the directory {} has an entry '{}'",
                 image_path_, base::Printable(directory.path), base::Printable(name));
    }
  }
  return out;
}

void ImageReader::ReadContent(const ImageEntry& entry,
                              const std::function<void(std::span<const uint8_t>)>& use) {
  std::vector<uint8_t> piece;
  for (uint64_t at = 0; at < entry.stat.size_bytes; at += piece.size()) {
    base::ThrowIfInterrupted();
    piece.resize(std::min(kExtractBytes, entry.stat.size_bytes - at));
    Check(LiberofsRead(reader_, entry.nid, piece.data(), piece.size(), at), entry.path);
    use(piece);
  }
}

std::string ImageReader::ReadStart(const ImageEntry& entry, size_t size_bytes) {
  std::string out(std::min<uint64_t>(entry.stat.size_bytes, size_bytes), '\0');
  Check(LiberofsRead(reader_, entry.nid, out.data(), out.size(), 0), entry.path);
  return out;
}

std::string ImageReader::ReadTarget(const ImageEntry& entry) {
  return ReadStart(entry, kMaxTargetBytes);
}

std::vector<LiberofsExtent> ImageReader::Extents(const ImageEntry& entry) {
  return ExtentsOf(entry.nid, entry.path);
}

std::map<std::string, std::string> ImageReader::Xattrs(const ImageEntry& entry) {
  std::map<std::string, std::string> out;
  const int error = LiberofsXattrs(
      reader_, entry.nid,
      [](void* context, const char* name, const char* value, size_t size_bytes) {
        static_cast<std::map<std::string, std::string>*>(context)->emplace(
            name, std::string(value, size_bytes));
      },
      &out);
  Check(error, entry.path);
  return out;
}

ImageReader::Packed ImageReader::PackedInode() {
  Packed out;
  if (const uint64_t nid = LiberofsPackedInode(reader_); nid != 0) {
    for (const LiberofsExtent& extent : ExtentsOf(nid, "(packed)")) {
      out.image_bytes += extent.image_bytes;
      out.content_bytes += extent.content_bytes;
    }
  }
  return out;
}

std::vector<LiberofsExtent> ImageReader::ExtentsOf(uint64_t nid, const std::string& path) {
  std::vector<LiberofsExtent> out;
  const int error = LiberofsExtents(
      reader_, nid,
      [](void* context, const LiberofsExtent* extent) {
        static_cast<std::vector<LiberofsExtent>*>(context)->push_back(*extent);
        return 0;
      },
      &out);
  Check(error, path);
  return out;
}

}  // namespace builder
