#include "builder/provenance.h"

#include "base/clock.h"
#include "base/json_fields.h"
#include "base/version.h"

namespace builder {
namespace {

base::Json ToJson(const images::NixSource& nix) {
  if (nix.file) {
    return {{"nix", {{"file", *nix.file}, {"attr", nix.attr}}}};
  }
  if (nix.flake) {
    return {{"nix", {{"flake", *nix.flake}}}};
  }
  if (nix.drv) {
    return {{"nix", {{"drv", *nix.drv}}}};
  }
  return {{"nix", {{"path", *nix.path}}}};
}

base::Json ToJson(const images::ElfSource& elf) {
  base::Json out = {{"elf", elf.programs}};
  if (elf.sysroot) {
    out["sysroot"] = *elf.sysroot;
  }
  return out;
}

base::Json ToJson(const images::RootSource& root) {
  return {{"root", root.directory}, {"preserve", root.preserve}, {"mounts", root.mounts}};
}

base::Json ToJson(const images::OciSource& oci) {
  return {{"oci", oci.path}, {"platform", oci.platform}};
}

// Of packages that are not all that stands at their path: what stands elsewhere, for `inspect`.
base::Json FilesOf(const Closure& closure) {
  base::Json out = base::Json::object();
  for (const Package& package : closure.packages) {
    if (!package.folders.empty()) {
      out[package.entry.path] = package.folders;
    } else if (package.paths.size() > 1) {
      out[package.entry.path] = package.paths;
    }
  }
  return out;
}

}  // namespace

std::string MakeProvenance(const images::Definition& definition, const Closure& closure) {
  const base::Json source =
      std::visit([](const auto& one) { return ToJson(one); }, definition.source);
  const base::Json json = {{"format", 1},
                           {"built_at", base::ToIso8601(base::SystemClock().Now())},
                           {"built_by", std::string("imgbuild ") + base::kVersion},
                           {"source", source},
                           {"main_path", closure.main_path},
                           {"derivers", closure.derivers},
                           {"files", FilesOf(closure)}};
  // A path may be no UTF-8; this file is for people, so such bytes are shown as replaced.
  return json.dump(2, ' ', false, base::Json::error_handler_t::replace) + "\n";
}

}  // namespace builder
