// Whether an image is one that our writer could have written, before upstream's reader sees it:
// that one goes round in a circle, or reads outside of its buffers, on others (docs/liberofs.md).
#ifndef SLIPWAY_BUILDER_READ_CHECK_IMAGE_H_
#define SLIPWAY_BUILDER_READ_CHECK_IMAGE_H_

#include <string>

namespace builder {

// Throws Error{kVerification} that names the field or the inode. Reads the superblock and the
// metadata, not the data.
void CheckImage(const std::string& image_path);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_READ_CHECK_IMAGE_H_
