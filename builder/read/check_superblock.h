// What an image's first block says, checked against docs/formats/erofs.md and the file's size
// before upstream's reader believes it.
#ifndef SLIPWAY_BUILDER_READ_CHECK_SUPERBLOCK_H_
#define SLIPWAY_BUILDER_READ_CHECK_SUPERBLOCK_H_

#include <string>

namespace builder {

// Throws Error{kVerification} that names the field.
void CheckSuperblock(const std::string& image_path);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_READ_CHECK_SUPERBLOCK_H_
