// imgbuild's command line as the definition that it asks for: one of a file, or made of options.
#ifndef SLIPWAY_BUILDER_BUILD_OPTIONS_H_
#define SLIPWAY_BUILDER_BUILD_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "builder/compress/chunk_cache.h"
#include "images/definition/definition.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}

namespace builder {

inline constexpr const char* kInitCommand = "init";
inline constexpr const char* kTryCommand = "try";

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

// Throws Error{kUsage} where the options do not name one thing to build.
images::Definition DefinitionOf(const BuildOptions& options);

// A command as a shell would split it: by spaces, '...' as it is, "..." with \" and \\. `option`:
// what messages call it.
images::Command SplitCommand(const std::string& text, const std::string& option);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_BUILD_OPTIONS_H_
