#include "builder/build_options.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/cli.h"
#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "builder/inspect/image_commands.h"
#include "builder/source/source_word.h"
#include "builder/source/utf8.h"
#include "chunker/codec_table.h"

namespace builder {

images::Command SplitCommand(const std::string& text, const std::string& option) {
  images::Command out;
  char quote = 0;
  bool in_word = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      in_word = false;
      continue;
    }
    if (!std::exchange(in_word, true)) {
      out.emplace_back();
    }
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && i + 1 < text.size() &&
               (quote == 0 || (quote == '"' && std::string_view("\"\\$`").find(text[i + 1]) !=
                                                   std::string_view::npos))) {
      out.back() += text[++i];
    } else {
      out.back() += c;
    }
  }
  if (quote != 0) {
    base::Fail(base::ExitCode::kUsage, "{} {}: a quote is not closed", option, text);
  }
  return out;
}

namespace {

images::ElfSource ElfSourceOf(const BuildOptions& options) {
  images::ElfSource elf{options.elf, options.sysroot};
  for (std::string& program : elf.programs) {
    program = elf.sysroot ? program : base::AbsolutePath(program);
    if (!program.starts_with('/')) {
      base::Fail(base::ExitCode::kUsage, "--elf {}: expected an absolute path in the sysroot",
                 program);
    }
  }
  if (elf.sysroot) {
    elf.sysroot = base::AbsolutePath(*elf.sysroot);
  }
  return elf;
}

// What the options other than the positional arguments name; nullopt where they name nothing.
std::optional<images::Source> SourceOf(const BuildOptions& options) {
  const int given = int{options.source.has_value()} + int{options.root.has_value()} +
                    int{options.oci.has_value()} + int{!options.elf.empty()};
  if (given > 1) {
    base::Fail(base::ExitCode::kUsage, "give one of --source, --elf, --root and --oci");
  }
  if (options.source) {
    return ParseSource(*options.source);
  }
  if (!options.elf.empty()) {
    return ElfSourceOf(options);
  }
  if (options.root) {
    return images::RootSource{base::AbsolutePath(*options.root), options.preserve, options.mounts};
  }
  if (options.oci) {
    return images::OciSource{base::AbsolutePath(*options.oci)};
  }
  return std::nullopt;
}

// The positional arguments as sources: with -f attributes of that file, otherwise a Nix source in
// one word each. The first is the image's, the others come along.
void AddPositional(const BuildOptions& options, images::Definition& definition) {
  if (options.file) {
    if (options.what.size() > 1) {
      base::Fail(base::ExitCode::kUsage, "-f takes one attribute; others are for contents.add");
    }
    images::NixSource nix;
    nix.file = base::AbsolutePath(*options.file);
    nix.attr = options.what.front();
    definition.source = nix;
    return;
  }
  const std::string here = base::AbsolutePath(".");
  definition.source = images::NixSourceOf(options.what.front(), here);
  for (auto more = options.what.begin() + 1; more != options.what.end(); ++more) {
    definition.contents.add.push_back(
        more->find('#') == std::string::npos ? images::Beside(here, *more) : *more);
  }
}

// A manifest cannot say another name.
void CheckUtf8(const std::string& text) {
  if (AsUtf8(text) != text) {
    base::Fail(base::ExitCode::kUsage, "the program '{}' has a name that is not UTF-8: rename it",
               AsUtf8(text));
  }
}

images::Service ServiceOf(const BuildOptions& options, const images::Source& source) {
  images::Service service;
  CheckUtf8(options.exec);
  std::for_each(options.elf.begin(), options.elf.end(), CheckUtf8);
  service.exec = SplitCommand(options.exec, "--exec");
  if (service.exec.empty()) {
    if (const auto* elf = std::get_if<images::ElfSource>(&source)) {
      const std::string& program = elf->programs.front();
      service.exec = {images::IsPlainAbsolutePath(program) ? program : base::BaseName(program)};
    } else if (!std::holds_alternative<images::OciSource>(source)) {
      base::Fail(base::ExitCode::kUsage,
                 "say what the image runs: --exec '/bin/app ARGUMENT...', or write a definition");
    }
  }
  return service;
}

images::Definition WithoutDefinition(const BuildOptions& options,
                                     const std::optional<images::Source>& source) {
  images::Definition out;
  if (!source && options.what.empty()) {
    base::Fail(base::ExitCode::kUsage,
               "name a definition or a source, or give --elf, --root or --oci (see --help)");
  }
  if (options.name.empty()) {
    base::Fail(base::ExitCode::kUsage, "a source without a definition needs --name");
  }
  images::CheckName(options.name, "--name: image name");
  out.name = options.name;
  if (source) {
    out.source = *source;
  } else {
    AddPositional(options, out);
  }
  out.services[out.name] = ServiceOf(options, out.source);
  return out;
}

std::string NearestCommand(const std::string& word) {
  std::vector<std::string> names = ImageCommandNames();
  names.insert(names.end(), {kInitCommand, kTryCommand});
  return base::NearestOf(word, names);
}

}  // namespace

images::Definition DefinitionOf(const BuildOptions& options) {
  const std::optional<images::Source> source = SourceOf(options);
  images::Definition out;
  const bool named =
      !options.file && !options.what.empty() && !images::LooksLikeNixSource(options.what.front());
  if (named) {
    const std::string nearest = NearestCommand(options.what.front());
    if (options.what.size() > 1 && !nearest.empty()) {
      base::Fail(base::ExitCode::kUsage, "'{}' is no command: did you mean {}?",
                 options.what.front(), nearest);
    }
    if (options.what.size() > 1 || !options.name.empty() || !options.exec.empty()) {
      base::Fail(base::ExitCode::kUsage,
                 "{} names a definition: further sources, --name and --exec belong to a source "
                 "without one",
                 options.what.front());
    }
    out = images::LoadDefinition(options.definitions, options.what.front());
    out.source = source.value_or(out.source);
  } else {
    if (source && !options.what.empty()) {
      base::Fail(base::ExitCode::kUsage, "there are two sources, {} and an option: give one",
                 options.what.front());
    }
    out = WithoutDefinition(options, source);
  }
  if (!options.platform.empty()) {
    auto* const oci = std::get_if<images::OciSource>(&out.source);
    if (oci == nullptr) {
      base::Fail(base::ExitCode::kUsage, "--platform chooses among an OCI image's; {} has none",
                 out.name);
    }
    oci->platform = options.platform;
  }
  if (options.target) {
    out.target = chunker::CodecOfTarget(*options.target).target;
  }
  return out;
}

namespace {

// What is packed.
void AddSourceOptions(CLI::App& app, BuildOptions& options) {
  app.add_option("NAME|SOURCE", options.what,
                 "Definition to build, or a Nix source: a store path, ./result, x.drv^out, .#attr");
  app.add_option("--source", options.source,
                 "Source instead of the definition's: Nix, a root directory, an OCI image or a "
                 "program")
      ->type_name("SOURCE");
  app.add_option("-f,--file", options.file, "Nix file; the argument is an attribute in it")
      ->type_name("FILE");
  CLI::Option* elf =
      app.add_option("--elf", options.elf, "Programs; the libraries that they load are included")
          ->type_name("PATH...");
  app.add_option("--sysroot", options.sysroot, "Root directory that contains the paths of --elf")
      ->type_name("DIR")
      ->needs(elf);
  CLI::Option* root =
      app.add_option("--root", options.root, "Root directory to pack")->type_name("DIR");
  app.add_flag("--preserve", options.preserve, "Keep owners, modes, times and devices of --root")
      ->needs(root);
  app.add_flag("--mounts", options.mounts, "Also pack file systems that are mounted below --root")
      ->needs(root);
  app.add_option("--oci", options.oci,
                 "OCI layout, or an archive of one or of docker save. If it holds several images: "
                 "PATH:TAG or PATH@sha256:DIGEST")
      ->type_name("PATH");
  app.add_option("--platform", options.platform,
                 "OCI image for another machine, such as linux/arm64 or linux/arm/v6")
      ->type_name("OS/ARCH");
}

}  // namespace

void AddBuildOptions(CLI::App& app, BuildOptions& options) {
  AddSourceOptions(app, options);
  app.add_option("--name", options.name, "Name of the image, if it has no definition")
      ->type_name("NAME");
  app.add_option(
         "--exec", options.exec,
         "Its command: the path or name of a program, then arguments, quoted as for a shell")
      ->type_name("COMMAND");
  app.add_option("--version-label", options.version_label,
                 "What people call this version; {git} asks git describe. The image's ID does not "
                 "depend on it")
      ->type_name("VERSION");
  app.add_option("--definitions", options.definitions, "Folder of the image definitions")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--output", options.output, "Folder for the new NAME/ID")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--level", options.level, "compression level")
      ->capture_default_str()
      ->transform(base::Number(1, 19));
  std::vector<std::string> targets;
  for (const chunker::CodecKind& codec : chunker::Codecs()) {
    targets.push_back(fmt::format("{} ({})", codec.target, codec.kernel));
  }
  app.add_option("--target", options.target,
                 fmt::format("What hosts need: {}", fmt::join(targets, ", ")));
  app.add_option("--threads", options.threads,
                 "Compressing threads; 0: one per core. The image does not depend on it")
      ->capture_default_str()
      ->transform(base::Number(0, 256));
  app.add_option("--cache-size", options.cache_bytes,
                 "Limit of the cache of compressed chunks, such as 2G or 500M")
      ->type_name("SIZE")
      ->capture_default_str()
      ->transform(base::Number(0, base::kNoLimit, base::SizeUnits(), "no size: use 2G or 500M"));
  app.add_flag("!--no-cache", options.use_cache,
               "Neither use nor fill ~/.cache/slipway/chunks. The image does not depend on it");
}

}  // namespace builder
