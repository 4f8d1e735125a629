#include "builder/source/elf_source.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/packages/distribution.h"
#include "builder/source/debian_packages.h"
#include "builder/source/file_closure.h"
#include "builder/source/run_time_sets.h"
#include "builder/source/utf8.h"

namespace builder {
namespace {

void AddReferences(const FileClosure& closure, const std::vector<Package>& packages,
                   const std::map<std::string, size_t>& by_file, Package& package) {
  std::set<std::string> references;
  std::string digests;
  for (const std::string& file : package.paths) {
    for (const std::string& other : closure.files().at(file)) {
      references.insert(packages[by_file.at(other)].entry.path);
    }
    digests +=
        fmt::format("{}  {}\n", base::Sha256OfFile(closure.root().OnDisk(file)).ToHex(), file);
  }
  references.erase(package.entry.path);
  package.entry.references.assign(references.begin(), references.end());
  package.entry.nar_hash = "sha256:" + base::Sha256Of(digests).ToHex();
}

using Folders = std::map<std::string, std::string>;  // folder -> what its files belong to

// The last of `folders` that `file` is below, which is the deepest; end(): in none.
Folders::const_iterator FolderWith(const std::string& file, const Folders& folders) {
  auto at = folders.upper_bound(file);
  while (at != folders.begin()) {
    --at;
    if (file.starts_with(at->first == "/" ? "/" : at->first + "/")) {
      return at;
    }
  }
  return folders.end();
}

// One entry for what a Debian package has in the closure, one for the other files of what `folders`
// says, one for each file that is in none of them.
std::vector<Package> PackagesOf(const FileClosure& closure, const Folders& folders) {
  std::vector<std::string> files;
  for (const auto& file : closure.files()) {
    files.push_back(file.first);
  }
  const std::map<std::string, DebianPackage> owners = DebianPackagesOf(closure.root(), files);
  std::map<std::pair<std::string, bool>, size_t> by_owner;
  std::map<std::string, size_t> by_file;
  std::vector<Package> out;
  for (const std::string& file : files) {  // in order: the first file gives the entry's path
    const auto owner = owners.find(file);
    const bool known = owner != owners.end();
    const auto folder = known ? folders.end() : FolderWith(file, folders);
    const std::string& name =
        known ? owner->second.name : (folder != folders.end() ? folder->second : file);
    const auto [at, added] = by_owner.emplace(std::pair(name, known), out.size());
    if (added) {
      images::ClosurePath entry;
      entry.path = AsUtf8(file);
      entry.name = known ? name : AsUtf8(base::BaseName(name));
      entry.version = known ? owner->second.version : "";
      out.push_back({std::move(entry), {}});
      out.back().origin = known ? owner->second.origin : PackageOrigin();
    }
    Package& package = out[at->second];
    package.paths.push_back(file);
    if (folder != folders.end()) {
      package.folders.insert(folder->first);
    }
    by_file[file] = at->second;
  }
  for (Package& package : out) {
    AddReferences(closure, out, by_file, package);
  }
  return out;
}

// Where the program stands in the image, for names in commands: "/srv/./bin/.." is no such path.
std::string FolderOf(const std::string& program, const Sysroot& root) {
  const std::string folder = base::ParentOf(program);
  return images::IsPlainAbsolutePath(program) ? folder : root.Resolve(folder).value_or(folder);
}

// Until contents.add brings programs or libraries: what it brings is what was missing.
void SayWhatIsNotSeen(const FileClosure& files, const RunTimeSets& sets, const base::Io& io) {
  std::vector<std::string> open_more;
  for (const std::string& file : files.opens_more()) {
    if (!sets.covered.contains(file) && FolderWith(file, sets.languages) == sets.languages.end()) {
      open_more.push_back(base::BaseName(file));
    }
  }
  std::set<std::string> languages;
  for (const auto& language : sets.languages) {
    languages.insert(language.second);
  }
  if (!languages.empty()) {
    io.Err(
        "note: the standard library of {} is included; name other modules in contents.add, and "
        "what is not needed in contents.exclude\n",
        fmt::join(languages, ", "));
  }
  if (!open_more.empty() && !files.added_elf()) {
    io.Err(
        "note: {} may load more at run time (dlopen), which cannot be seen in {}; name such "
        "files in contents.add\n",
        fmt::join(open_more, ", "), open_more.size() == 1 ? "it" : "them");
  }
}

// Modules of libraries, which no default takes: it would double many an image.
void SayWhatIsOffered(const RunTimeSets& sets, const base::Io& io) {
  std::vector<std::string> files;
  std::vector<std::string> names;
  for (const auto& [set, file] : sets.offered) {
    files.push_back(file);
    names.push_back(set);
  }
  if (!names.empty()) {
    io.Err(
        "note: modules that {} opens are not included; contents.sets takes them: [\"default\", "
        "\"{}\"]\n",
        fmt::join(files, " or "), fmt::join(names, "\", \""));
  }
}

// What files say of themselves, in a line for each thing that became of it.
void SayWhatIsSaid(const FileClosure& files, const base::Io& io) {
  std::set<std::string> included;
  std::set<std::string> missing;
  std::set<std::string> suggested;
  for (const SaidDlopen& said : files.said_to_open()) {
    const std::string feature = said.feature.empty() ? "" : " (" + said.feature + ")";
    if (!said.file.empty() && files.files().contains(said.file)) {
      included.insert(said.soname);
    } else if (said.priority == DlopenRequest::Priority::kSuggested) {
      suggested.insert(said.soname + feature);
    } else if (said.file.empty()) {
      const bool is_required = said.priority == DlopenRequest::Priority::kRequired;
      missing.insert(fmt::format("{} ({} by {})", said.soname,
                                 is_required ? "required" : "recommended",
                                 base::BaseName(said.by)));
    }
  }
  if (!included.empty()) {
    io.Err("note: opened at run time by what says so (.note.dlopen), and included: {}\n",
           fmt::join(included, ", "));
  }
  if (!missing.empty()) {
    io.Err(
        "note: opened at run time (.note.dlopen), and not there: {}; install the "
        "packages that have them\n",
        fmt::join(missing, ", "));
  }
  if (!suggested.empty()) {
    io.Err("note: only suggested (.note.dlopen), and left out: {}; contents.add takes the files\n",
           fmt::join(suggested, ", "));
  }
}

// Of the packages that dpkg knows there; otherwise nobody asks.
Distribution DistributionOf(const Sysroot& root, const std::vector<Package>& packages) {
  const bool has_some = std::any_of(packages.begin(), packages.end(), [](const Package& package) {
    return package.origin.type == "deb";
  });
  for (const char* file : kOsReleaseFiles) {
    const std::optional<std::string> place = root.Resolve(file);
    if (has_some && place) {
      return ParseOsRelease(base::ReadFile(root.OnDisk(*place)));
    }
  }
  return {};
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
  Closure out;
  const auto add = [&](const char* field, const std::string& path, const auto& action) {
    if (!out.problems.Try(field, action)) {
      out.missing.push_back(path);
    }
  };
  for (const std::string& program : source.programs) {
    add("source.elf", program, [&] {
      const ElfFile elf = files->AddProgram(program);
      out.program_folders.push_back(FolderOf(program, files->root()));
      out.architecture = ArchitectureOf(elf).empty() ? out.architecture : ArchitectureOf(elf);
    });
  }
  for (const std::string& path : contents.add) {
    add("contents.add", path, [&] {
      if (!files->Add(path)) {
        base::Fail(base::ExitCode::kFailed, "{} does not exist", files->root().OnDisk(path));
      }
    });
  }
  out.fill = [files](Tree& tree) { Fill(*files, tree); };
  if (!out.missing.empty()) {
    return out;
  }
  const RunTimeSets sets = AddRunTimeSets(contents, *files, out.problems);
  for (const auto& [set, why] : sets.taken) {
    out.sets.emplace(set, fmt::format("{}", fmt::join(why, ", ")));
  }
  SayWhatIsNotSeen(*files, sets, io);
  SayWhatIsOffered(sets, io);
  SayWhatIsSaid(*files, io);
  Folders folders = sets.languages;
  for (const std::string& path : contents.add) {
    const std::string folder = files->root().Resolve(path).value_or(path);
    folders.emplace(folder, folder);
  }
  out.packages = PackagesOf(*files, folders);
  out.distribution = DistributionOf(files->root(), out.packages);
  const std::string main = files->root().Resolve(source.programs.front()).value_or("");
  for (const Package& package : out.packages) {
    if (std::find(package.paths.begin(), package.paths.end(), main) != package.paths.end()) {
      out.version = package.entry.version;
    }
  }
  out.complete = [files](Tree& tree) { files->AddLoaderCache(tree); };
  return out;
}

}  // namespace builder
