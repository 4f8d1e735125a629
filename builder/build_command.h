// imgbuild's main command: a definition, or a source alone, becomes an image directory.
#ifndef SLIPWAY_BUILDER_BUILD_COMMAND_H_
#define SLIPWAY_BUILDER_BUILD_COMMAND_H_

#include <optional>
#include <string>
#include <vector>

#include "base/io.h"
#include "builder/compress/chunk_cache.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}

namespace builder {

struct BuildOptions {
  std::string definitions = "images";   // folder of NAME.json
  std::string output = "build/images";  // NAME/ID is made below it
  std::optional<std::string> target;    // instead of the definition's
  uint64_t level = 9;
  unsigned threads = 0;   // 0: one per core
  bool use_cache = true;  // of compressed chunks
  uint64_t cache_bytes = kDefaultCacheBytes;
  std::vector<std::string> what;  // NAME of a definition, or sources; with `file`: attributes
  // Instead of the definition's source, or without a definition; at most one.
  std::optional<std::string> source, root, oci, file;
  std::vector<std::string> elf;
  std::optional<std::string> sysroot;  // of `elf`
  bool preserve = false;               // of `root`
  bool mounts = false;                 // of `root`
  std::string platform;                // of an OCI image
  // The image's name and its service's command where there is no definition.
  std::string name;
  std::string exec;
  std::optional<std::string> version_label;  // instead of the definition's
};

void AddBuildOptions(CLI::App& app, BuildOptions& options);

// Builds, reads back and publishes; returns the image directory. What was there stays where
// anything fails.
std::string Build(const BuildOptions& options, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_BUILD_COMMAND_H_
