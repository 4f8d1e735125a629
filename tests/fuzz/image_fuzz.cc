// Any file with a superblock's right checksum is refused by our own check of images, or upstream's
// reader gets through it: neither crashes, takes long or takes much memory.
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "builder/erofs/erofs_format.h"
#include "builder/erofs/superblock.h"
#include "builder/read/image_reader.h"
#include "tests/fuzz/memory_file.h"

namespace {

using builder::erofs::kBlockBytes;

void Read(const std::string& path) {
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> image(data, data + size);
  if (size >= kBlockBytes) {
    builder::erofs::Le32 checksum;
    checksum = builder::SuperblockChecksum({image.begin(), image.begin() + kBlockBytes});
    builder::erofs::Put(&image[builder::erofs::kSuperblockOffset + 4], checksum);
  }
  const fuzz::MemoryFile file(image.data(), image.size());
  try {
    Read(file.path());
  } catch (const base::Error&) {
  }
  return 0;
}
