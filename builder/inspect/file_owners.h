// Which package each file of an image belongs to: by the closure and the provenance, or where the
// image is a whole root, by the package database in it (dpkg's or apk's).
#ifndef SLIPWAY_BUILDER_INSPECT_FILE_OWNERS_H_
#define SLIPWAY_BUILDER_INSPECT_FILE_OWNERS_H_

#include <map>
#include <string>
#include <vector>

#include "builder/read/image_reader.h"
#include "images/version/image_directory.h"

namespace builder {

struct FileOwner {
  std::string path;  // of a package of the closure, or a top-level folder; otherwise empty
  std::string name;  // "openssl 3.0.20"; of a folder its path
};

class FileOwners {
 public:
  // Throws Error{kVerification} where the image cannot be read.
  FileOwners(const images::ImageDirectory& image, ImageReader& reader);

  // A file that no package has belongs to its top-level folder.
  FileOwner Of(const ImageEntry& file) const;

 private:
  void ReadClosure(const images::ImageDirectory& image);
  void ReadDatabases(ImageReader& reader);

  std::vector<FileOwner> owners_;
  std::map<std::string, size_t> by_path_;  // of files, and of folders with all below
  std::map<std::string, uint64_t> lone_;   // files that may be a package's only one -> its size
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_FILE_OWNERS_H_
