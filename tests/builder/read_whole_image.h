// All that the commands read of an image, with upstream's reader.
#ifndef SLIPWAY_TESTS_BUILDER_READ_WHOLE_IMAGE_H_
#define SLIPWAY_TESTS_BUILDER_READ_WHOLE_IMAGE_H_

#include <sys/stat.h>

#include <cstdint>
#include <span>
#include <string>

#include "builder/read/image_reader.h"

namespace tests {

// Throws base::Error where the image cannot be read.
inline void ReadWholeImage(const std::string& path) {
  builder::ImageReader reader(path);
  reader.Walk([&](const builder::ImageEntry& entry) {
    reader.Xattrs(entry);
    if (S_ISREG(entry.stat.mode)) {
      reader.Extents(entry);
      reader.ReadContent(entry, [](std::span<const uint8_t>) {});
    } else if (S_ISLNK(entry.stat.mode)) {
      reader.ReadTarget(entry);
    }
  });
  reader.PackedInode();
}

}  // namespace tests

#endif  // SLIPWAY_TESTS_BUILDER_READ_WHOLE_IMAGE_H_
