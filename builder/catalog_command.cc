#include "builder/catalog_command.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string_view>

#include "base/atomic_file.h"
#include "base/cli.h"
#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "images/definition/catalog.h"
#include "images/definition/definition.h"
#include "images/name.h"
#include "images/service/service_checks.h"

namespace builder {
namespace {

struct Arguments {
  std::string entry;
  std::optional<std::string> name;
  std::optional<uint64_t> port;
  std::string definitions = "images";
  bool write = false;
};

struct Entry {
  std::string name;
  std::string about;
  std::string package;
  std::string text;
  images::Definition definition;
};

// How the first two lines of an entry begin.
constexpr std::string_view kComment = "// ";
constexpr std::string_view kPackage = "// Package: ";

Entry Read(const std::string& name, const Arguments& arguments) {
  Entry out;
  out.name = name;
  out.text = images::CatalogDefinition(name).value();
  std::istringstream lines(out.text);
  std::string comment;
  std::getline(lines, comment);
  out.about = comment.substr(kComment.size());
  std::getline(lines, comment);
  out.package = comment.substr(kPackage.size());
  out.definition = images::ParseDefinition(out.text, "catalog: " + name + ".json",
                                           base::AbsolutePath(arguments.definitions));
  return out;
}

bool IsInstalled(const Entry& entry) {
  std::vector<std::string> paths = entry.definition.contents.add;
  if (const auto* elf = std::get_if<images::ElfSource>(&entry.definition.source)) {
    paths.insert(paths.end(), elf->programs.begin(), elf->programs.end());
  }
  return std::all_of(paths.begin(), paths.end(), &base::Exists);
}

void List(const Arguments& arguments, const base::Io& io) {
  io.Out("{:<12}{:<66}{}\n", "NAME", "WHAT", "PROGRAM");
  for (const auto& known : images::CatalogEntries()) {
    const Entry entry = Read(known.first, arguments);
    io.Out("{:<12}{:<66}{}{}\n", entry.name, entry.about,
           IsInstalled(entry) ? "installed: " : "apt install ", entry.package);
  }
  io.Err("note: to start with one, type: imgbuild catalog NAME --write\n");
}

// Of the entry; beside the program, where `cmake --install` puts it. nullopt: it is not there.
std::optional<std::string> ExampleOf(const std::string& folder) {
  const std::string bin = base::ParentOf(base::RealPath("/proc/self/exe"));
  std::string path = base::ParentOf(bin) + "/share/slipway/catalog/" + folder;
  return base::Exists(path) ? std::optional(std::move(path)) : std::nullopt;
}

images::CatalogInstance InstanceOf(const Arguments& arguments, const Entry& entry) {
  images::CatalogInstance out;
  out.entry = entry.name;
  out.name = arguments.name.value_or(entry.name);
  images::CheckName(out.name, "--name: image name");
  if (!entry.definition.contents.files.empty()) {
    out.folder = base::BaseName(entry.definition.contents.files.begin()->second);
  }
  out.user = entry.definition.services.begin()->second.user.value_or("");
  if (arguments.name && !out.user.empty()) {
    const std::string problem =
        out.name == "root" ? "its service would run as root" : images::UserNameProblem(out.name);
    if (!problem.empty()) {
      base::Fail(base::ExitCode::kUsage, "--name, which is also its user's: {}", problem);
    }
  }
  const std::vector<uint64_t>& ports = entry.definition.services.begin()->second.ports;
  if (arguments.port && ports.empty()) {
    base::Fail(base::ExitCode::kUsage, "--port: {} listens on no port", entry.name);
  }
  out.port = ports.empty() ? 0 : ports.front();
  out.to_port = arguments.port;
  return out;
}

// A copy of the folder `example`, with the instance's name and port, that appears as a whole.
void CopyExample(const std::string& example, const images::CatalogInstance& instance,
                 const std::string& to) {
  namespace fs = std::filesystem;
  base::TemporaryDirectory scratch(base::ParentOf(to), ".slipway-tmp-");
  for (const fs::directory_entry& file : fs::recursive_directory_iterator(example)) {
    if (file.is_regular_file()) {
      const std::string path =
          scratch.path() + "/" + file.path().lexically_relative(example).string();
      base::MakeDirectories(base::ParentOf(path));
      base::WriteFileAtomically(path, images::ForInstance(base::ReadFile(file.path()), instance));
    }
  }
  fs::permissions(scratch.path(), fs::perms(0755));
  base::PublishDirectory(scratch.path(), to);
  scratch.Release();
}

void Write(const std::string& text, const images::Definition& definition,
           const images::CatalogInstance& instance, const std::string& folder, const base::Io& io) {
  const std::string path = folder + "/" + definition.name + ".json";
  if (base::LstatIfThere(path)) {
    base::Fail(base::ExitCode::kUsage, "{} exists: remove it, or choose another --name", path);
  }
  base::MakeDirectories(folder);
  for (const auto& file : definition.contents.files) {
    const std::optional<std::string> example = ExampleOf(instance.folder);
    if (base::LstatIfThere(file.second)) {
      io.Err("note: {}/{} is there already and stays as it is\n", folder,
             base::BaseName(file.second));
    } else if (example) {
      CopyExample(*example, instance, file.second);
      io.Out("{}/{}/\n", folder, base::BaseName(file.second));
    }
  }
  base::WriteFileAtomically(path, text);
  io.Out("{}\n", path);
}

// Until the operator has the folder that the definition names, the example is taken from where it
// is installed; one that would have to be changed has to be written.
std::string WithExample(std::string text, const images::Definition& definition,
                        const images::CatalogInstance& instance, const base::Io& io) {
  for (const auto& [path, file] : definition.contents.files) {
    if (base::Exists(file)) {
      continue;
    }
    const std::string before = fmt::format("\"{}\": \"", path);
    const std::optional<std::string> example = ExampleOf(instance.folder);
    const size_t at = text.find(before);
    if (example && at != std::string::npos && instance.name == instance.entry &&
        !instance.to_port) {
      text.replace(at + before.size(), base::BaseName(file).size(), *example);
    } else {
      io.Err("note: {} is yours to write; --write makes an example of it\n", file);
    }
  }
  return text;
}

void Show(const Arguments& arguments, const base::Io& io) {
  const std::map<std::string, std::string>& known = images::CatalogEntries();
  if (!known.contains(arguments.entry)) {
    std::vector<std::string> names;
    names.reserve(known.size());
    for (const auto& entry : known) {
      names.push_back(entry.first);
    }
    const std::string nearest = base::NearestOf(arguments.entry, names);
    base::Fail(base::ExitCode::kUsage, "the catalog has no '{}'{}; imgbuild catalog lists all",
               arguments.entry, nearest.empty() ? "" : " (did you mean " + nearest + "?)");
  }
  const Entry entry = Read(arguments.entry, arguments);
  const images::CatalogInstance instance = InstanceOf(arguments, entry);
  const std::string text = images::ForInstance(entry.text, instance);
  const images::Definition definition = images::ParseDefinition(
      text, instance.name + ".json", base::AbsolutePath(arguments.definitions));
  if (arguments.write) {
    Write(text, definition, instance, arguments.definitions, io);
  } else {
    io.WriteOut(WithExample(text, definition, instance, io));
  }
  if (!IsInstalled(entry)) {
    io.Err("note: its program is not on this machine; apt install {}, or build it with --source\n",
           entry.package);
  }
}

}  // namespace

int RunCatalog(const std::vector<std::string>& arguments, const base::Io& io) {
  Arguments parsed;
  CLI::App app("Lists ready definitions; prints one, or writes one.", "imgbuild catalog");
  CLI::Option* entry =
      app.add_option("ENTRY", parsed.entry, "Which one; without it, all are listed");
  app.add_option("--name", parsed.name,
                 "Name of the image, its service and its directories, for another on the same host")
      ->type_name("NAME")
      ->needs(entry);
  app.add_option("--port", parsed.port, "Port in place of the entry's")
      ->check(CLI::Range(1, 65535))
      ->needs(entry);
  app.add_flag("--write", parsed.write,
               "Write NAME.json, and an example of the files that it needs, into the folder of the "
               "definitions")
      ->needs(entry);
  app.add_option("--definitions", parsed.definitions, "Folder of the image definitions")
      ->type_name("DIR")
      ->capture_default_str();
  if (base::ParseArguments(app, arguments, io)) {
    if (parsed.entry.empty()) {
      List(parsed, io);
    } else {
      Show(parsed, io);
    }
  }
  return 0;
}

}  // namespace builder
