// The source of an image's closure, as a definition or a command line names it. Paths are
// absolute.
#ifndef SLIPWAY_IMAGES_DEFINITION_SOURCE_H_
#define SLIPWAY_IMAGES_DEFINITION_SOURCE_H_

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace images {

// Exactly one of the four.
struct NixSource {
  std::optional<std::string> file;  // a Nix expression; with `attr`
  std::string attr;
  std::optional<std::string> path;   // a store path, or a link to one such as ./result
  std::optional<std::string> flake;  // "/srv/web#nginx", "github:owner/name#attr"
  std::optional<std::string> drv;    // "/nix/store/HASH-x.drv", with "^out", "^*" or "!out"
};

// Programs of this machine, or of another one's root directory.
struct ElfSource {
  std::vector<std::string> programs;   // as they are named below `sysroot`
  std::optional<std::string> sysroot;  // nullopt: this machine's own root
};

struct RootSource {
  std::string directory;
  bool preserve = false;  // owners, modes, times, extended attributes and devices
  bool mounts = false;    // also what is mounted below it
};

struct OciSource {
  // A layout's directory, or an archive of one or of `docker save`; ":TAG" or "@sha256:HEX" behind
  // it says which image of several.
  std::string path;
  std::string platform{};  // "linux/arm/v6"; "": this machine's
};

using Source = std::variant<NixSource, ElfSource, RootSource, OciSource>;

// `path` where it is absolute, otherwise below `directory`.
std::string Beside(const std::string& directory, const std::string& path);

// A Nix source in one word: a store path, a link to one, x.drv, x.drv^out, x.drv!out or a flake
// reference with '#'. Relative paths are relative to `directory`.
NixSource NixSourceOf(const std::string& text, const std::string& directory);

// Whether a word can only be a source and not the name of a definition.
bool LooksLikeNixSource(const std::string& text);

}  // namespace images

#endif  // SLIPWAY_IMAGES_DEFINITION_SOURCE_H_
