#include "images/definition/definition.h"

#include <fmt/ranges.h>

#include <climits>

#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "base/problems.h"
#include "chunker/codec_table.h"
#include "images/definition/catalog.h"
#include "images/definition/content_sets.h"
#include "images/label.h"
#include "images/name.h"
#include "images/service/service_checks.h"
#include "images/service/service_json.h"

namespace images {
namespace {

constexpr base::ExitCode kBad = base::ExitCode::kUsage;

NixSource ReadNix(base::JsonFields& source, const std::string& directory) {
  base::JsonFields nix = source.Nested("nix");
  NixSource out;
  out.file = nix.OptionalString("file");
  out.attr = nix.String("attr", "");
  out.path = nix.OptionalString("path");
  out.flake = nix.OptionalString("flake");
  out.drv = nix.OptionalString("drv");
  if (!nix.Done() || !source.IsRead("nix")) {
    return out;
  }
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
    if (!out.sysroot && source.IsRead("sysroot")) {
      program = Beside(directory, program);
    } else if (out.sysroot && !IsPlainAbsolutePath(program)) {
      source.Report("elf", fmt::format("'{}' is not an absolute path in the sysroot", program));
    }
  }
  if (out.programs.empty()) {
    source.Report("elf", R"(expected at least one program: ["/usr/sbin/nginx"])");
  }
  if (out.sysroot) {
    out.sysroot = Beside(directory, *out.sysroot);
  }
  return out;
}

Source ReadSource(base::JsonFields& definition, const std::string& directory) {
  base::JsonFields source = definition.Nested("source");
  const int given = int{source.Has("nix")} + int{source.Has("elf")} + int{source.Has("root")} +
                    int{source.Has("oci")};
  Source out;
  if (given != 1) {
    definition.Report("source", R"(expected one of "nix", "elf", "root" and "oci")");
    return out;
  }
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
    fields.Report(field, fmt::format("'{}' is not an absolute path without '.' and '..'", path));
  }
}

std::optional<std::vector<std::string>> ReadSets(base::JsonFields& contents) {
  if (!contents.Has("sets")) {
    return std::nullopt;
  }
  std::vector<std::string> out = contents.Strings("sets");
  for (const std::string& name : out) {
    if (name != kDefaultSets && FindContentSet(name) == nullptr) {
      std::vector<std::string_view> known = {kDefaultSets};
      for (const ContentSet& set : kContentSets) {
        known.push_back(set.name);
      }
      contents.Report("sets",
                      fmt::format("'{}' is no set; there are: {}", name, fmt::join(known, ", ")));
    }
  }
  return out;
}

Contents ReadContents(base::JsonFields& definition, const std::string& directory) {
  base::JsonFields fields = definition.Nested("contents");
  Contents out;
  for (const std::string& path : fields.Strings("add")) {
    out.add.push_back(path.find('#') == std::string::npos || path.starts_with('.')
                          ? Beside(directory, path)
                          : path);
  }
  out.exclude = fields.Strings("exclude");
  for (const std::string& glob : out.exclude) {
    if (!glob.starts_with('/') && !glob.starts_with("**/")) {
      fields.Report("exclude", fmt::format("'{}' starts neither with '/' nor with '**/'", glob));
    }
  }
  out.minimize = fields.Bool("minimize", false);
  out.sets = ReadSets(fields);
  out.symlinks = fields.StringMap("symlinks");
  for (const auto& link : out.symlinks) {
    CheckImagePath(fields, "symlinks", link.first);
    if (link.second.empty() || link.second.size() >= PATH_MAX ||
        link.second.find('\0') != std::string::npos) {
      fields.Report("symlinks." + link.first, "expected a target of 1 to 4095 bytes without NUL");
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
  std::string target = definition.String("target", Definition().target);
  definition.Try([&] {
    try {
      chunker::CodecOfTarget(target);
    } catch (base::Error& error) {
      error.AddContext(definition.path());
      throw;
    }
  });
  return target;
}

std::string ReadVersion(base::JsonFields& definition) {
  const std::optional<std::string> version = definition.OptionalString("version");
  const std::string why = !version || *version == kGitLabel ? "" : LabelProblem(*version);
  if (!why.empty()) {
    definition.Report("version", why);
  }
  return version.value_or("");
}

Definition ReadDefinition(base::JsonFields& fields, const std::string& directory) {
  Definition out;
  out.name = fields.String("name");
  if (fields.IsRead("name")) {
    fields.Try([&] { CheckName(out.name, fields.PathOf("name") + ": image name"); });
  }
  out.version = ReadVersion(fields);
  fields.Try([&] { out.source = ReadSource(fields, directory); });
  out.contents = ReadContents(fields, directory);
  out.target = ReadTarget(fields);
  out.verity = fields.Bool("verity", false);
  const bool is_oci = fields.Object("source").contains("oci");
  out.services = ReadServices(fields, is_oci ? Programs::kBySource : Programs::kNamed);
  // An OCI image may still say who its services run as.
  for (const FieldProblem& problem :
       FindProblems(out.services, is_oci ? UserCheck::kLater : UserCheck::kNow)) {
    fields.Report(problem.field, problem.why);
  }
  fields.Done();
  return out;
}

// Of `definition`; those of `repeated` have their lines.
void ThrowWithLines(const Definition& definition, base::Problems problems,
                    const base::Problems& repeated = {}) {
  problems = base::WithLines(problems, definition.lines);
  for (const base::Error& error : repeated.all()) {
    problems.Try([&] { throw base::Error(error); });
  }
  try {
    problems.ThrowIfAny();
  } catch (base::SeveralErrors& several) {
    if (!definition.file.empty()) {
      several.AddContext(definition.file);
    }
    throw;
  }
}

[[noreturn]] void FailWithWhatThereIs(const std::string& directory, const std::string& path) {
  std::vector<std::string> known;
  for (const std::string& file : base::ListDirectory(directory)) {
    if (file.ends_with(".json")) {
      known.push_back(file.substr(0, file.size() - 5));
    }
  }
  base::Fail(kBad, "no image definition {}; {}; imgbuild catalog lists ready ones", path,
             known.empty() ? "there are no definitions in that folder"
                           : fmt::format("there are: {}", fmt::join(known, ", ")));
}

constexpr const char* kCatalogFile = "catalog: ";

}  // namespace

bool IsFromCatalog(const Definition& definition) {
  return definition.file.starts_with(kCatalogFile);
}

Definition ParseDefinition(const std::string& text, const std::string& name_of_file,
                           const std::string& directory) {
  base::FieldLines lines;
  base::Problems repeated;
  const base::Json json =
      base::ParseJson(text, name_of_file, kBad, /*comments=*/true, &lines, &repeated);
  base::JsonFields fields = base::JsonFields::OfFile(json, name_of_file, kBad);
  base::FieldProblems found;
  fields.CollectIn(found);
  Definition out = ReadDefinition(fields, directory);
  out.file = name_of_file;
  out.lines = std::move(lines);
  ThrowWithLines(out, std::move(found.problems), repeated);
  return out;
}

void ThrowIfAny(const Definition& definition, const base::Problems& problems) {
  base::Problems placed;
  for (base::Error error : problems.all()) {
    if (!definition.file.empty()) {
      const std::string_view message = error.what();
      const bool has_field = message.starts_with("contents.") || message.starts_with("services") ||
                             message.starts_with("source.");
      error.AddContext(definition.file + (has_field ? "" : ": source"));
    }
    placed.Try([&] { throw base::Error(error); });
  }
  ThrowWithLines(definition, placed);
}

Definition LoadDefinition(const std::string& directory, const std::string& name) {
  CheckName(name, "image name");
  const std::string path = directory + "/" + name + ".json";
  const std::optional<std::string> text = base::ReadFileIfThere(path);
  const std::optional<std::string> ready = CatalogDefinition(name);
  if (!text && !ready) {
    FailWithWhatThereIs(directory, path);
  }
  Definition definition =
      ParseDefinition(text ? *text : *ready, text ? path : kCatalogFile + name + ".json",
                      base::AbsolutePath(directory));
  if (definition.name != name) {
    base::Fail(kBad, "{}: name: '{}' does not match the file's name", path, definition.name);
  }
  return definition;
}

}  // namespace images
