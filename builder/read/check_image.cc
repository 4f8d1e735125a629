#include "builder/read/check_image.h"

#include <cstdint>
#include <vector>

#include "base/file.h"
#include "builder/erofs/check_metadata.h"
#include "builder/erofs/check_superblock.h"
#include "builder/erofs/erofs_format.h"
#include "builder/read/guarded.h"

namespace builder {

void CheckImage(const std::string& image_path) {
  const base::UniqueFd fd = base::OpenForReading(image_path);
  const auto file_bytes = static_cast<uint64_t>(base::Fstat(fd.get(), image_path).st_size);
  const MetadataFacts facts = CheckSuperblock(
      base::PRead(fd.get(), 0, erofs::kBlockBytes, image_path), file_bytes, image_path);
  const uint64_t begin = uint64_t{facts.metadata_block} * erofs::kBlockBytes;
  std::vector<uint8_t> metadata(file_bytes - begin);
  base::PReadExactly(fd.get(), metadata, begin, image_path);
  CheckMetadata(metadata, facts, image_path, StartNextStep);
}

}  // namespace builder
