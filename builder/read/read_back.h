// Reads a finished image with upstream's reader and compares it with the tree that it was made of:
// names, kinds, modes, owners, times, extended attributes, hard links, device numbers, link targets
// and every byte of content.
#ifndef SLIPWAY_BUILDER_READ_READ_BACK_H_
#define SLIPWAY_BUILDER_READ_READ_BACK_H_

#include <string>

#include "base/digest.h"
#include "base/io.h"
#include "builder/tree/tree.h"

namespace builder {

// The image's SHA-256. Throws Error{kVerification} that names the first difference.
base::Sha256 ReadBack(const std::string& image_path, const Tree& tree, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_READ_READ_BACK_H_
