#include "images/definition/definition.h"

#include <fmt/ranges.h>

#include <climits>

#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "base/problems.h"
#include "chunker/codec_table.h"
#include "images/definition/catalog.h"
#include "images/name.h"
#include "images/service/service_checks.h"
#include "images/service/service_json.h"

namespace images {
namespace {

constexpr base::ExitCode kBad = base::ExitCode::kUsage;

NixSource ReadNix(base::JsonFields& source, const std::string& directory) {
  base::JsonFields nix(source.Object("nix"), source.PathOf("nix"), kBad);
  NixSource out;
  out.file = nix.OptionalString("file");
  out.attr = nix.String("attr", "");
  out.path = nix.OptionalString("path");
  out.flake = nix.OptionalString("flake");
  out.drv = nix.OptionalString("drv");
  nix.Done();
  const int given = int{out.file.has_value()} + int{out.path.has_value()} +
                    int{out.flake.has_value()} + int{out.drv.has_value()};
  if (given != 1 || out.file.has_value() == out.attr.empty()) {
    source.FailAt("nix", R"(expected one of "file" with "attr", "path", "flake" and "drv")");
  }
  for (std::optional<std::string>* path : {&out.file, &out.path, &out.drv}) {
    if (*path) {
      *path = Beside(directory, **path);
    }
  }
  if (out.flake) {
    out.flake = NixSourceOf(*out.flake, directory).flake;
    if (!out.flake) {
      source.FailAt("nix", R"(a flake is named with its attribute: ".#nginx")");
    }
  }
  return out;
}

ElfSource ReadElf(base::JsonFields& source, const std::string& directory) {
  ElfSource out;
  out.programs = source.Strings("elf");
  out.sysroot = source.OptionalString("sysroot");
  for (std::string& program : out.programs) {
    if (!out.sysroot) {
      program = Beside(directory, program);
    } else if (!IsPlainAbsolutePath(program)) {
      source.FailAt("elf", fmt::format("'{}' is not an absolute path in the sysroot", program));
    }
  }
  if (out.programs.empty()) {
    source.FailAt("elf", R"(expected at least one program: ["/usr/sbin/nginx"])");
  }
  if (out.sysroot) {
    out.sysroot = Beside(directory, *out.sysroot);
  }
  return out;
}

Source ReadSource(base::JsonFields& definition, const std::string& directory) {
  base::JsonFields source(definition.Object("source"), definition.PathOf("source"), kBad);
  const int given = int{source.Has("nix")} + int{source.Has("elf")} + int{source.Has("root")} +
                    int{source.Has("oci")};
  if (given != 1) {
    definition.FailAt("source", R"(expected one of "nix", "elf", "root" and "oci")");
  }
  Source out;
  if (source.Has("nix")) {
    out = ReadNix(source, directory);
  } else if (source.Has("elf")) {
    out = ReadElf(source, directory);
  } else if (source.Has("root")) {
    out = RootSource{Beside(directory, source.String("root")), source.Bool("preserve", false),
                     source.Bool("mounts", false)};
  } else {
    out = OciSource{Beside(directory, source.String("oci")), source.String("platform", "")};
  }
  source.Done();
  return out;
}

void CheckImagePath(const base::JsonFields& fields, const std::string& field,
                    const std::string& path) {
  if (!IsPlainAbsolutePath(path)) {
    fields.FailAt(field, fmt::format("'{}' is not an absolute path without '.' and '..'", path));
  }
}

Contents ReadContents(base::JsonFields& definition, const std::string& directory) {
  base::JsonFields fields(definition.Object("contents"), definition.PathOf("contents"), kBad);
  Contents out;
  for (const std::string& path : fields.Strings("add")) {
    out.add.push_back(path.find('#') == std::string::npos || path.starts_with('.')
                          ? Beside(directory, path)
                          : path);
  }
  out.exclude = fields.Strings("exclude");
  for (const std::string& glob : out.exclude) {
    if (!glob.starts_with('/') && !glob.starts_with("**/")) {
      fields.FailAt("exclude", fmt::format("'{}' starts neither with '/' nor with '**/'", glob));
    }
  }
  out.minimize = fields.Bool("minimize", false);
  out.symlinks = fields.StringMap("symlinks");
  for (const auto& link : out.symlinks) {
    CheckImagePath(fields, "symlinks", link.first);
    if (link.second.empty() || link.second.size() >= PATH_MAX ||
        link.second.find('\0') != std::string::npos) {
      fields.FailAt("symlinks." + link.first, "expected a target of 1 to 4095 bytes without NUL");
    }
  }
  out.directories = fields.Strings("directories");
  for (const std::string& path : out.directories) {
    CheckImagePath(fields, "directories", path);
  }
  for (const auto& [path, file] : fields.StringMap("files")) {
    CheckImagePath(fields, "files", path);
    out.files.emplace(path, Beside(directory, file));
  }
  fields.Done();
  return out;
}

std::string ReadTarget(base::JsonFields& definition) {
  const std::string target = definition.String("target", Definition().target);
  try {
    return chunker::CodecOfTarget(target).target;
  } catch (base::Error& error) {
    error.AddContext(definition.path());
    throw;
  }
}

// Each part by itself: what is wrong with one hides nothing of another.
Definition ReadDefinition(base::JsonFields& fields, const std::string& directory) {
  Definition out;
  base::Problems problems;
  problems.Try([&] {
    out.name = fields.String("name");
    CheckName(out.name, fields.PathOf("name") + ": image name");
  });
  problems.Try([&] { out.source = ReadSource(fields, directory); });
  problems.Try([&] { out.contents = ReadContents(fields, directory); });
  problems.Try([&] { out.target = ReadTarget(fields); });
  bool is_oci = false;
  problems.Try([&] { is_oci = fields.Object("source").contains("oci"); });
  problems.Try([&] {
    out.services = ReadServices(fields.Object("services"), fields.PathOf("services"), kBad,
                                is_oci ? Programs::kBySource : Programs::kNamed);
  });
  // An OCI image may still say who its services run as.
  for (const FieldProblem& problem :
       FindProblems(out.services, is_oci ? UserCheck::kLater : UserCheck::kNow)) {
    problems.Try([&] { fields.FailAt(problem.field, problem.why); });
  }
  problems.Try([&] { fields.Done(); });
  problems.ThrowIfAny();
  return out;
}

[[noreturn]] void FailWithWhatThereIs(const std::string& directory, const std::string& path) {
  std::vector<std::string> known;
  for (const std::string& file : base::ListDirectory(directory)) {
    if (file.ends_with(".json")) {
      known.push_back(file.substr(0, file.size() - 5));
    }
  }
  std::vector<std::string> ready;
  for (const auto& definition : Catalog()) {
    ready.push_back(definition.first);
  }
  base::Fail(kBad, "no image definition {}; {}; the catalog has: {}", path,
             known.empty() ? "there are no definitions in that folder"
                           : fmt::format("there are: {}", fmt::join(known, ", ")),
             fmt::join(ready, ", "));
}

}  // namespace

Definition ParseDefinition(const std::string& text, const std::string& name_of_file,
                           const std::string& directory) {
  base::FieldLines lines;
  const base::Json json = base::ParseJson(text, name_of_file, kBad, /*comments=*/true, &lines);
  try {
    base::JsonFields fields = base::JsonFields::OfFile(json, name_of_file, kBad);
    return ReadDefinition(fields, directory);
  } catch (const base::SeveralErrors& error) {
    std::vector<base::Error> all;
    for (const base::Error& one : error.all()) {
      all.push_back(base::WithLine(one, lines));
    }
    base::SeveralErrors out(std::move(all));
    out.AddContext(name_of_file);
    throw out;
  } catch (const base::Error& error) {
    throw base::WithLine(error, lines);
  }
}

Definition LoadDefinition(const std::string& directory, const std::string& name) {
  CheckName(name, "image name");
  const std::string path = directory + "/" + name + ".json";
  const std::optional<std::string> text = base::ReadFileIfThere(path);
  const auto ready = Catalog().find(name);
  if (!text && ready == Catalog().end()) {
    FailWithWhatThereIs(directory, path);
  }
  Definition definition = text ? ParseDefinition(*text, path, base::AbsolutePath(directory))
                               : ParseDefinition(ready->second, "catalog: " + name + ".json",
                                                 base::AbsolutePath(directory));
  if (definition.name != name) {
    base::Fail(kBad, "{}: name: '{}' does not match the file's name", path, definition.name);
  }
  return definition;
}

}  // namespace images
