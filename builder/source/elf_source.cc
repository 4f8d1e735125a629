#include "builder/source/elf_source.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/source/debian_packages.h"
#include "builder/source/file_closure.h"
#include "builder/source/utf8.h"

namespace builder {
namespace {

// OpenSSL's configuration, where Debian, Fedora and upstream have it, and its modules.
void AddOpenSsl(const std::string& libcrypto, FileClosure& files) {
  for (const char* path :
       {"/usr/lib/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf", "/usr/local/ssl/openssl.cnf"}) {
    files.Add(path);
  }
  const std::string folder = base::ParentOf(libcrypto);
  files.Add(folder + "/ossl-modules");
  files.Add(folder + "/engines-3");
}

// Character sets, what unwinds stacks, the one locale that every machine should have, and what
// finds names of users and hosts.
void AddLibc(const std::string& libc, FileClosure& files) {
  const std::string folder = base::ParentOf(libc);
  files.Add(folder + "/gconv");
  files.Add(folder + "/libgcc_s.so.1");  // which it opens itself to end threads, and for backtrace
  for (const char* name : {"C.utf8", "C.UTF-8"}) {
    files.Add(std::string("/usr/lib/locale/") + name);
  }
  const std::string configuration = "/etc/nsswitch.conf";
  if (!files.Add(configuration)) {
    return;
  }
  const std::string path = files.root().Resolve(configuration).value_or(configuration);
  std::istringstream lines(base::ReadFile(files.root().OnDisk(path)));
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    std::istringstream words(line.substr(std::min(line.find(':'), line.size())));
    for (std::string word; words >> word;) {
      if (word.find('/') == std::string::npos) {
        files.Add(folder + "/libnss_" + word + ".so.2");
      }
    }
  }
}

// Parts of node that Debian has as packages of their own; without them it does not start.
void AddNode(FileClosure& files) {
  for (const char* part : {"acorn", "acorn-walk", "cjs-module-lexer", "undici"}) {
    files.Add(std::string("/usr/share/nodejs/") + part);
  }
}

void AddRunTimeFiles(FileClosure& files) {
  if (const auto libcrypto = files.FileNamed("libcrypto.so.")) {
    AddOpenSsl(*libcrypto, files);
  }
  if (const auto libc = files.FileNamed("libc.so.6")) {
    AddLibc(*libc, files);
  }
  if (files.FileNamed("libnode.so.")) {
    AddNode(files);
  }
}

// One package for what a Debian package has in the closure, one for each other file.
std::vector<Package> PackagesOf(const FileClosure& closure) {
  std::vector<std::string> files;
  for (const auto& file : closure.files()) {
    files.push_back(file.first);
  }
  const std::map<std::string, DebianPackage> owners = DebianPackagesOf(closure.root(), files);
  std::map<std::string, size_t> by_owner;
  std::map<std::string, size_t> by_file;
  std::vector<Package> out;
  for (const std::string& file : files) {  // in order: the first file gives the entry's path
    const auto owner = owners.find(file);
    const bool known = owner != owners.end();
    const auto [at, added] = by_owner.emplace(known ? owner->second.name : file, out.size());
    if (added) {
      images::ClosurePath entry;
      entry.path = AsUtf8(file);
      entry.name = known ? owner->second.name : AsUtf8(base::BaseName(file));
      entry.version = known ? owner->second.version : "";
      out.push_back({std::move(entry), {}});
    }
    out[at->second].paths.push_back(file);
    by_file[file] = at->second;
  }
  for (Package& package : out) {
    std::set<std::string> references;
    std::string digests;
    for (const std::string& file : package.paths) {
      for (const std::string& other : closure.files().at(file)) {
        references.insert(out[by_file.at(other)].entry.path);
      }
      digests +=
          fmt::format("{}  {}\n", base::Sha256OfFile(closure.root().OnDisk(file)).ToHex(), file);
    }
    references.erase(package.entry.path);
    package.entry.references.assign(references.begin(), references.end());
    package.entry.nar_hash = "sha256:" + base::Sha256Of(digests).ToHex();
  }
  return out;
}

// Where the program stands in the image, for names in commands: "/srv/./bin/.." is no such path.
std::string FolderOf(const std::string& program, const Sysroot& root) {
  const std::string folder = base::ParentOf(program);
  return images::IsPlainAbsolutePath(program) ? folder : root.Resolve(folder).value_or(folder);
}

void Fill(const FileClosure& files, Tree& tree) {
  for (const auto& [path, target] : files.links()) {
    tree.AddSymlink(path, target);
  }
  for (const std::string& directory : files.directories()) {
    tree.MakeDirectory(directory);
  }
  for (const auto& file : files.files()) {
    tree.AddFromDisk(files.root().OnDisk(file.first), file.first);
  }
}

}  // namespace

Closure ResolveElf(const images::ElfSource& source, const images::Contents& contents,
                   const base::Io& io) {
  auto files =
      std::make_shared<FileClosure>(Sysroot(source.sysroot.value_or("")), Exclusions(contents));
  std::vector<std::string> open_more;
  Closure out;
  for (const std::string& program : source.programs) {
    const ElfFile elf = files->AddProgram(program);
    out.program_folders.push_back(FolderOf(program, files->root()));
    if (elf.uses_dlopen) {
      open_more.push_back(base::BaseName(program));
    }
    out.architecture = ArchitectureOf(elf).empty() ? out.architecture : ArchitectureOf(elf);
  }
  for (const std::string& path : contents.add) {
    if (!files->Add(path)) {
      base::Fail(base::ExitCode::kFailed, "contents.add: {} does not exist",
                 files->root().OnDisk(path));
    }
  }
  AddRunTimeFiles(*files);
  if (!open_more.empty()) {
    io.Err(
        "note: {} may load more at run time (dlopen), which cannot be seen in the program; name "
        "such files in contents.add\n",
        fmt::join(open_more, ", "));
  }
  out.packages = PackagesOf(*files);
  const std::string main = files->root().Resolve(source.programs.front()).value_or("");
  for (const Package& package : out.packages) {
    if (std::find(package.paths.begin(), package.paths.end(), main) != package.paths.end()) {
      out.version = package.entry.version;
    }
  }
  out.fill = [files](Tree& tree) { Fill(*files, tree); };
  out.complete = [files](Tree& tree) { files->AddLoaderCache(tree); };
  return out;
}

}  // namespace builder
