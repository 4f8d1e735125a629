// An image's content and what each part of it costs, for `imgbuild inspect`.
#ifndef SLIPWAY_BUILDER_INSPECT_IMAGE_REPORT_H_
#define SLIPWAY_BUILDER_INSPECT_IMAGE_REPORT_H_

#include <cstdint>
#include <map>
#include <string>

#include "images/version/image_directory.h"

namespace builder {

// Of a package or of a kind of file.
struct ImageShare {
  uint64_t files = 0;
  uint64_t content_bytes = 0;
  // In the image. What is stored once for several counts for the first of them by path; what is
  // compressed together is shared out by content.
  uint64_t image_bytes = 0;
};

struct PackageShare : ImageShare {
  std::string path;  // of a package of the closure or a folder; otherwise of its first file
  std::string name;  // "openssl 3.0.20"; of a folder its path
};

struct ImageReport {
  uint64_t files = 0;  // regular ones
  uint64_t content_bytes = 0;
  uint64_t metadata_bytes = 0;
  uint64_t dedupe_saved_bytes = 0;  // stored bytes that a second copy would have taken
  // By the package's path in the closure, otherwise by its name; the top-level folder of files that
  // no package has.
  std::map<std::string, PackageShare> by_package;
  std::map<std::string, ImageShare> by_file_type;  // "ELF", "script", ".js", ...
};

// Throws Error{kVerification} where the image cannot be read.
ImageReport ReportOf(const images::ImageDirectory& image);

// The kernel that mounts it, for people: "Linux 6.10 with EROFS zstd".
std::string RequiredKernel(const images::Manifest& manifest);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_IMAGE_REPORT_H_
