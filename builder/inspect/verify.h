// Reads a whole image again: against its manifest's digest, chunk by chunk against its index, and
// every file with upstream's reader. For `imgbuild verify`.
#ifndef SLIPWAY_BUILDER_INSPECT_VERIFY_H_
#define SLIPWAY_BUILDER_INSPECT_VERIFY_H_

#include "base/io.h"
#include "images/version/image_directory.h"

namespace builder {

// Throws Error{kVerification} that names the first thing that is wrong.
void Verify(const images::ImageDirectory& image, const base::Io& io);

// The same without reading the files.
void VerifyDigests(const images::ImageDirectory& image, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_VERIFY_H_
