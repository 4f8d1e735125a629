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

base::Json ToJson(const PackageRecord& record) {
  base::Json out = {{"name", record.name}, {"path", record.path}};
  const auto add = [&](const char* field, const std::string& value, const std::string& otherwise) {
    if (value != otherwise) {
      out[field] = value;
    }
  };
  add("type", record.origin.type, "");
  add("version", record.version, "");
  add("architecture", record.origin.architecture, "");
  if (!record.origin.source_name.empty()) {
    add("source", record.origin.source_name, record.name);
    add("source_version", record.origin.source_version, record.version);
  }
  if (record.files) {
    out["files"] = *record.files;
    out["files_left_out"] = record.files_left_out;
  }
  return out;
}

}  // namespace

std::string MakeProvenance(const images::Definition& definition, const Closure& closure) {
  const base::Json source =
      std::visit([](const auto& one) { return ToJson(one); }, definition.source);
  base::Json packages = base::Json::array();
  for (const PackageRecord& record : closure.records) {
    packages.push_back(ToJson(record));
  }
  base::Json json = {{"format", 1},
                     {"built_at", base::ToIso8601(base::SystemClock().Now())},
                     {"built_by", std::string("imgbuild ") + base::kVersion},
                     {"source", source},
                     {"main_path", closure.main_path},
                     {"derivers", closure.derivers},
                     {"files", FilesOf(closure)},
                     {"packages", std::move(packages)}};
  if (!closure.distribution.id.empty()) {
    json["distribution"] = {{"id", closure.distribution.id},
                            {"version", closure.distribution.version}};
  }
  if (closure.unread_database) {
    json["unread_database"] = *closure.unread_database;
  }
  // A path may be no UTF-8; this file is for people, so such bytes are shown as replaced.
  return json.dump(2, ' ', false, base::Json::error_handler_t::replace) + "\n";
}

}  // namespace builder
