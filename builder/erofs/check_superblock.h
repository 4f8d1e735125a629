// What an image's first block says, checked against docs/formats/erofs.md and the file's size
// before upstream's reader believes it.
#ifndef SLIPWAY_BUILDER_EROFS_CHECK_SUPERBLOCK_H_
#define SLIPWAY_BUILDER_EROFS_CHECK_SUPERBLOCK_H_

#include <cstdint>
#include <string>

#include "base/file.h"
#include "builder/erofs/check_metadata.h"

namespace builder {

// `block`: the first one of a file of `file_bytes`; shorter where the file is. Throws
// Error{kVerification} that names the field.
MetadataFacts CheckSuperblock(base::Bytes block, uint64_t file_bytes,
                              const std::string& image_path);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_EROFS_CHECK_SUPERBLOCK_H_
