// The tool imgbuild: parses its command line, then builds an image or looks into one.
#ifndef SLIPWAY_BUILDER_IMGBUILD_H_
#define SLIPWAY_BUILDER_IMGBUILD_H_

#include <string>
#include <vector>

#include "base/io.h"
#include "builder/compress/chunk_cache.h"

namespace builder {

// The whole tool; prints the image directory.
int RunImgbuild(const std::vector<std::string>& arguments, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_IMGBUILD_H_
