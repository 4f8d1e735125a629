// Reads a finished image with upstream's liberofs, for the commands that look into images. Only one
// at a time: liberofs keeps its configuration in globals.
#ifndef SLIPWAY_BUILDER_READ_IMAGE_READER_H_
#define SLIPWAY_BUILDER_READ_IMAGE_READER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "builder/read/liberofs_reader.h"

namespace builder {

struct ImageEntry {
  std::string path;  // absolute in the image; the root is "/"
  uint64_t nid = 0;
  LiberofsStat stat{};
};

// All methods throw Error{kVerification} that says where the image cannot be read.
class ImageReader {
 public:
  explicit ImageReader(std::string image_path);
  ~ImageReader();
  ImageReader(const ImageReader&) = delete;
  ImageReader& operator=(const ImageReader&) = delete;

  // Calls `visit` for the root and everything below it, a directory before what is in it, names in
  // bytewise order. A directory that stands in two places is refused, and so is a size that
  // cannot be.
  void Walk(const std::function<void(const ImageEntry&)>& visit);

  // Calls `use` with the file's content piece by piece, in order.
  void ReadContent(const ImageEntry& entry,
                   const std::function<void(std::span<const uint8_t>)>& use);
  // The first `size_bytes` of a file's content (all of it where it is shorter).
  std::string ReadStart(const ImageEntry& entry, size_t size_bytes);
  std::string ReadTarget(const ImageEntry& entry);
  std::map<std::string, std::string> Xattrs(const ImageEntry& entry);  // by full name
  std::vector<LiberofsExtent> Extents(const ImageEntry& entry);
  // Bytes in the image of what is in the packed inode, and of its content.
  struct Packed {
    uint64_t image_bytes = 0;
    uint64_t content_bytes = 0;
  };
  Packed PackedInode();

 private:
  using Names = std::vector<std::pair<std::string, uint64_t>>;

  void Check(int error, const std::string& path) const;
  Names List(const ImageEntry& directory);
  void CheckSize(const ImageEntry& entry) const;
  void WalkFrom(ImageEntry entry, std::unordered_set<uint64_t>& directories,
                const std::function<void(const ImageEntry&)>& visit);
  std::vector<LiberofsExtent> ExtentsOf(uint64_t nid, const std::string& path);

  const std::string image_path_;
  const uint64_t image_bytes_;
  LiberofsReader* reader_ = nullptr;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_READ_IMAGE_READER_H_
