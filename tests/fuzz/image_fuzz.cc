// Any file with a superblock's right checksum is refused by our own check of images, or upstream's
// reader gets through it: neither crashes, takes long or takes much memory.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "builder/erofs/erofs_format.h"
#include "builder/erofs/superblock.h"
#include "tests/builder/read_whole_image.h"
#include "tests/fuzz/memory_file.h"

using builder::erofs::kBlockBytes;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> image(data, data + size);
  if (size >= kBlockBytes) {
    builder::erofs::Le32 checksum;
    checksum = builder::SuperblockChecksum({image.begin(), image.begin() + kBlockBytes});
    builder::erofs::Put(&image[builder::erofs::kSuperblockOffset + 4], checksum);
  }
  const fuzz::MemoryFile file(image.data(), image.size());
  try {
    tests::ReadWholeImage(file.path());
  } catch (const base::Error&) {
  }
  return 0;
}
