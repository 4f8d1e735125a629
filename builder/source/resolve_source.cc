#include "builder/source/resolve_source.h"

#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "builder/source/elf_source.h"
#include "builder/source/nix_source.h"
#include "builder/source/root_source.h"

namespace builder {

Closure ResolveSource(const images::Definition& definition, const base::Io& io) {
  if (const auto* nix = std::get_if<images::NixSource>(&definition.source)) {
    return ResolveNix(*nix, definition.contents.add);
  }
  if (const auto* elf = std::get_if<images::ElfSource>(&definition.source)) {
    return ResolveElf(*elf, definition.contents, io);
  }
  const auto* root = std::get_if<images::RootSource>(&definition.source);
  Closure closure = root != nullptr
                        ? ResolveRoot(*root, io)
                        : ResolveOci(std::get<images::OciSource>(definition.source), io);
  std::vector<std::string> added;
  for (const std::string& path : definition.contents.add) {
    if (base::Exists(path)) {
      added.push_back(path);
    } else {
      closure.missing.push_back(path);
      closure.problems.Add(base::ExitCode::kFailed, "contents.add: {} does not exist", path);
    }
  }
  closure.fill = [fill = closure.fill, added = std::move(added)](Tree& tree) {
    fill(tree);
    for (const std::string& path : added) {
      tree.AddFromDisk(base::RealPath(path), tree.WithoutLinks(path));
    }
  };
  return closure;
}

}  // namespace builder
