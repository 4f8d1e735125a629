#include "builder/read/image_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/interrupt.h"

namespace builder {
namespace {

constexpr uint64_t kPieceBytes = 4 << 20;
constexpr uint64_t kMaxTargetBytes = 4096;

}  // namespace

ImageReader::ImageReader(std::string image_path) : image_path_(std::move(image_path)) {
  Check(LiberofsOpen(image_path_.c_str(), &reader_), "/");
}

ImageReader::~ImageReader() {
  if (reader_ != nullptr) {
    LiberofsClose(reader_);
  }
}

void ImageReader::Check(int error, const std::string& path) const {
  if (error != 0) {
    base::Fail(base::ExitCode::kVerification, "{} cannot be read at {}: {}; build or push it again",
               image_path_, path, std::strerror(-error));
  }
}

void ImageReader::Walk(const std::function<void(const ImageEntry&)>& visit) {
  std::vector<uint64_t> ancestors;
  WalkFrom({"/", LiberofsRoot(reader_), {}}, ancestors, visit);
}

void ImageReader::WalkFrom(ImageEntry entry, std::vector<uint64_t>& ancestors,
                           const std::function<void(const ImageEntry&)>& visit) {
  base::ThrowIfInterrupted();
  Check(LiberofsStatOf(reader_, entry.nid, &entry.stat), entry.path);
  visit(entry);
  if (!S_ISDIR(entry.stat.mode)) {
    return;
  }
  if (std::find(ancestors.begin(), ancestors.end(), entry.nid) != ancestors.end()) {
    base::Fail(base::ExitCode::kVerification, "{}: the directory {} contains itself", image_path_,
               entry.path);
  }
  ancestors.push_back(entry.nid);
  const std::string prefix = entry.path == "/" ? entry.path : entry.path + "/";
  for (const auto& [name, nid] : List(entry)) {
    WalkFrom({prefix + name, nid, {}}, ancestors, visit);
  }
  ancestors.pop_back();
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
  for (const auto& [name, nid] : out) {
    if (name.empty() || name.find('/') != std::string::npos || name == "..") {
      base::Fail(base::ExitCode::kVerification, "{}: the directory {} has an entry '{}'",
                 image_path_, directory.path, name);
    }
  }
  return out;
}

void ImageReader::ReadContent(const ImageEntry& entry,
                              const std::function<void(std::span<const uint8_t>)>& use) {
  std::vector<uint8_t> piece;
  for (uint64_t at = 0; at < entry.stat.size_bytes; at += piece.size()) {
    base::ThrowIfInterrupted();
    piece.resize(std::min(kPieceBytes, entry.stat.size_bytes - at));
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
