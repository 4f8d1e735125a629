#include "builder/source/library_search.h"

#include <elf.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include "base/file.h"
#include "base/machine.h"

namespace builder {
namespace {

constexpr int kMaxIncludeDepth = 8;
constexpr std::string_view kMuslLoader = "ld-musl-";
// Libraries that musl's loader is itself.
constexpr std::array<const char*, 7> kMuslParts = {"libc.",  "libpthread.", "librt.",  "libm.",
                                                   "libdl.", "libutil.",    "libxnet."};

const base::Machine* MachineOf(const ElfFile& elf) {
  return base::MachineOfElf(elf.machine, elf.elf_class);
}

void ReplaceVariable(const std::string& name, const std::string& value, std::string& text) {
  for (const std::string& written : {"${" + name + "}", "$" + name}) {
    for (size_t at = text.find(written); at != std::string::npos;
         at = text.find(written, at + value.size())) {
      text.replace(at, written.size(), value);
    }
  }
}

}  // namespace

std::string ArchitectureOf(const ElfFile& elf) {
  const base::Machine* machine = MachineOf(elf);
  return machine == nullptr ? "" : machine->name;
}

LibrarySearch::LibrarySearch(const Sysroot& root, const ElfFile& like)
    : root_(root),
      like_(like),
      is_musl_(base::BaseName(like.interpreter).starts_with(kMuslLoader)) {
  if (is_musl_) {
    ReadMuslPath();
    return;
  }
  const base::Machine* machine = MachineOf(like);
  const std::string wide = like.elf_class == ELFCLASS64 ? "lib64" : "lib";
  lib_ = wide;
  if (machine != nullptr) {
    platform_ = machine->name;
    const std::string multiarch = std::string("lib/") + machine->triplet;
    if (root.Resolve("/usr/" + multiarch)) {
      lib_ = multiarch;
    }
    defaults_ = {"/" + multiarch, "/usr/" + multiarch};
  }
  for (const std::string& folder :
       {"/" + wide, "/usr/" + wide, std::string("/lib"), std::string("/usr/lib")}) {
    defaults_.push_back(folder);
  }
  ReadConfiguration("/etc/ld.so.conf", 0);
  folders_.insert(folders_.end(), defaults_.begin(), defaults_.end());
}

// Directories separated by colons or newlines, in /etc/ld-musl-ARCHITECTURE.path.
void LibrarySearch::ReadMuslPath() {
  const std::string loader = base::BaseName(like_.interpreter);
  const std::string path = "/etc/" + loader.substr(0, loader.find('.')) + ".path";
  const std::optional<std::string> real = root_.Resolve(path);
  std::string text = real ? base::ReadFile(root_.OnDisk(*real)) : "/lib:/usr/local/lib:/usr/lib";
  std::replace(text.begin(), text.end(), ':', '\n');
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    defaults_.push_back(line);
  }
}

bool LibrarySearch::IsLoader(const std::string& name) const {
  return is_musl_ && std::any_of(kMuslParts.begin(), kMuslParts.end(),
                                 [&](const char* part) { return name.starts_with(part); });
}

// RPATH and RUNPATH are the same there, and both count for what is loaded further on.
std::optional<LibrarySearch::Found> LibrarySearch::FindAsMusl(const std::string& name,
                                                              const LoadedElf& from) const {
  for (const LoadedElf* asker = &from; asker != nullptr; asker = asker->loader) {
    const ElfFile& elf = asker->elf;
    const std::vector<std::string>& folders = elf.runpath.empty() ? elf.rpath : elf.runpath;
    if (std::optional<Found> found = In(Replaced(folders, *asker), name)) {
      return found;
    }
  }
  return In(defaults_, name);
}

// A directory a line; "include GLOB" relative to the file's folder; "hwcap" is obsolete.
void LibrarySearch::ReadConfiguration(const std::string& path, int depth) {
  const std::optional<std::string> real = root_.Resolve(path);
  if (!real || depth > kMaxIncludeDepth) {
    return;
  }
  std::istringstream lines(base::ReadFile(root_.OnDisk(*real)));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word;
    if (!(words >> word) || word == "hwcap") {
      continue;
    }
    if (word != "include") {
      folders_.push_back(word.substr(0, word.find('=')));
      continue;
    }
    while (words >> word) {
      const std::string glob = word.starts_with('/') ? word : base::ParentOf(path) + "/" + word;
      const std::string folder = base::ParentOf(glob);
      for (const std::string& name :
           base::ListDirectory(root_.OnDisk(root_.Resolve(folder).value_or(folder)))) {
        if (::fnmatch(base::BaseName(glob).c_str(), name.c_str(), FNM_PERIOD) == 0) {
          ReadConfiguration(folder + "/" + name, depth + 1);
        }
      }
    }
  }
}

std::string LibrarySearch::Replaced(const std::string& text, const std::string& origin) const {
  std::string out = text;
  ReplaceVariable("ORIGIN", origin, out);
  ReplaceVariable("LIB", lib_, out);
  ReplaceVariable("PLATFORM", platform_, out);
  return out;
}

std::vector<std::string> LibrarySearch::Replaced(const std::vector<std::string>& folders,
                                                 const LoadedElf& of) const {
  std::vector<std::string> out;
  out.reserve(folders.size());
  for (const std::string& folder : folders) {
    out.push_back(Replaced(folder, base::ParentOf(of.path)));
  }
  return out;
}

std::optional<LibrarySearch::Found> LibrarySearch::At(const std::string& path) const {
  const std::optional<std::string> real = root_.Resolve(path);
  if (!real) {
    return std::nullopt;
  }
  const auto found = base::LstatIfThere(root_.OnDisk(*real));
  if (!found || !S_ISREG(found->st_mode)) {
    return std::nullopt;
  }
  std::optional<ElfFile> elf = ReadElf(root_.OnDisk(*real));
  if (!elf || !elf->RunsTogetherWith(like_)) {
    return std::nullopt;
  }
  return Found{path, *std::move(elf)};
}

std::optional<LibrarySearch::Found> LibrarySearch::In(const std::vector<std::string>& folders,
                                                      const std::string& name) const {
  for (const std::string& folder : folders) {
    if (!folder.starts_with('/')) {
      continue;  // relative to wherever the program is started
    }
    if (std::optional<Found> found = At(folder + "/" + name)) {
      return found;
    }
  }
  return std::nullopt;
}

std::optional<LibrarySearch::Found> LibrarySearch::Find(const std::string& name,
                                                        const LoadedElf& from) const {
  if (name.find('/') != std::string::npos) {
    return At(Replaced(name, base::ParentOf(from.path)));
  }
  if (is_musl_) {
    return FindAsMusl(name, from);
  }
  if (from.elf.runpath.empty()) {  // otherwise nobody's RPATH counts, not even the program's
    for (const LoadedElf* asker = &from; asker != nullptr; asker = asker->loader) {
      if (std::optional<Found> found = In(Replaced(asker->elf.rpath, *asker), name)) {
        return found;
      }
    }
  } else if (std::optional<Found> found = In(Replaced(from.elf.runpath, from), name)) {
    return found;
  }
  std::vector<std::string> folders = folders_;
  if (from.elf.no_default_paths) {  // those of /etc/ld.so.conf count all the same
    std::erase_if(folders, [&](const std::string& folder) {
      return std::any_of(defaults_.begin(), defaults_.end(), [&](const std::string& usual) {
        return (folder + "/").starts_with(usual + "/");
      });
    });
  }
  return In(folders, name);
}

}  // namespace builder
