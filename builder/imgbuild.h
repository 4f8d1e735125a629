// The command imgbuild: a definition's closure becomes an image directory.
#ifndef SLIPWAY_BUILDER_IMGBUILD_H_
#define SLIPWAY_BUILDER_IMGBUILD_H_

#include <optional>
#include <string>
#include <vector>

#include "base/io.h"
#include "builder/chunk_cache.h"

namespace builder {

struct BuildOptions {
  std::string definitions = "images";   // folder of NAME.json
  std::string output = "build/images";  // NAME/ID is made below it
  std::optional<std::string> target;    // instead of the definition's
  uint64_t level = 9;
  unsigned threads = 0;   // 0: one per core
  bool use_cache = true;  // of compressed chunks
  uint64_t cache_bytes = kDefaultCacheBytes;
  std::string name;
};

// Builds, reads back and publishes; returns the image directory. What was there stays where
// anything fails.
std::string Build(const BuildOptions& options, const base::Io& io);

// The whole tool; prints the image directory.
int RunImgbuild(const std::vector<std::string>& arguments, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_IMGBUILD_H_
