#include "builder/source/resolve_source.h"

#include <fmt/ranges.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "builder/source/data_sets.h"
#include "builder/source/elf_source.h"
#include "builder/source/nix_source.h"
#include "builder/source/root_source.h"
#include "images/definition/content_sets.h"

namespace builder {

namespace {

Closure ResolveAlone(const images::Definition& definition, const base::Io& io) {
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

// Those of `sets` that only an ELF source has.
void RefuseSets(const std::optional<std::vector<std::string>>& sets, base::Problems& problems) {
  for (const std::string& name : sets.value_or(std::vector<std::string>())) {
    const images::ContentSet* set = images::FindContentSet(name);
    if (set != nullptr && !set->of_any_source) {
      problems.Add(base::ExitCode::kUsage,
                   "contents.sets: the set '{}' is for ELF sources: this source brings such files "
                   "itself, and takes others by contents.add",
                   name);
    }
  }
}

}  // namespace

Closure ResolveSource(const images::Definition& definition, const base::Io& io) {
  const std::optional<std::vector<std::string>>& sets = definition.contents.sets;
  Closure closure = ResolveAlone(definition, io);
  if (!std::holds_alternative<images::ElfSource>(definition.source)) {
    RefuseSets(sets, closure.problems);
  }
  AddDataSets(sets, Exclusions(definition.contents), "", closure);
  std::vector<std::string> said;
  for (const auto& [set, why] : closure.sets) {
    said.push_back(why.empty() ? set : fmt::format("{} ({})", set, why));
  }
  if (!said.empty()) {
    io.Err("note: run-time sets, and what for: {}; contents.sets says which\n",
           fmt::join(said, ", "));
  }
  return closure;
}

}  // namespace builder
