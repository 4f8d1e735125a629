#include "builder/source/run_time_sets.h"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "builder/source/language_sets.h"
#include "images/definition/content_sets.h"

namespace builder {
namespace {

// Of a standard library: what only developers need, modules of others, and compiled modules, which
// are only valid for the times that files have on this machine.
bool IsLeftOut(const std::string& name) {
  constexpr std::array<std::string_view, 12> kNames = {
      "__pycache__",   "test",      "tests",       "idlelib", "turtledemo", "site-packages",
      "dist-packages", "site_perl", "vendor_perl", "CORE",    "ct.sym",     "src.zip"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         name.starts_with("config-");  // Python's, as a static library
}

// OpenSSL's configuration, where Debian, Fedora and upstream have it, and its modules.
bool AddOpenSsl(const std::string& libcrypto, FileClosure& files) {
  bool found = false;
  for (const char* path :
       {"/usr/lib/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf", "/usr/local/ssl/openssl.cnf"}) {
    found |= files.AddKnown(path);
  }
  const std::string folder = base::ParentOf(libcrypto);
  found |= files.AddKnown(folder + "/ossl-modules");
  found |= files.AddKnown(folder + "/engines-3");
  return found;
}

// Character sets.
bool AddGconv(const std::string& libc, FileClosure& files) {
  return files.AddKnown(base::ParentOf(libc) + "/gconv");
}

// The one that every machine should have.
bool AddLocale(const std::string& /*libc*/, FileClosure& files) {
  bool found = false;
  for (const char* name : {"C.utf8", "C.UTF-8"}) {
    found |= files.AddKnown(std::string("/usr/lib/locale/") + name);
  }
  return found;
}

// What finds names of users and hosts.
bool AddNss(const std::string& libc, FileClosure& files) {
  const std::string configuration = "/etc/nsswitch.conf";
  if (!files.AddKnown(configuration)) {
    return false;
  }
  const std::string path = files.root().Resolve(configuration).value_or(configuration);
  std::istringstream lines(base::ReadFile(files.root().OnDisk(path)));
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    std::istringstream words(line.substr(std::min(line.find(':'), line.size())));
    for (std::string word; words >> word;) {
      if (word.find('/') == std::string::npos) {
        files.AddKnown(base::ParentOf(libc) + "/libnss_" + word + ".so.2");
      }
    }
  }
  return true;
}

// Parts of node that Debian has as packages of their own; without them it does not start.
bool AddNode(const std::string& /*libnode*/, FileClosure& files) {
  bool found = false;
  for (const char* part : {"acorn", "acorn-walk", "cjs-module-lexer", "minimatch", "undici"}) {
    found |= files.AddKnown(std::string("/usr/share/nodejs/") + part);
  }
  return found;
}

// Loaders of image formats, and their list.
bool AddGdkPixbuf(const std::string& library, FileClosure& files) {
  return files.AddKnown(base::ParentOf(library) + "/gdk-pixbuf-2.0", [](const std::string& name) {
    return name == "gdk-pixbuf-query-loaders";  // the program that writes the list
  });
}

// Modules for TLS, proxies and settings, and their list.
bool AddGio(const std::string& library, FileClosure& files) {
  return files.AddKnown(base::ParentOf(library) + "/gio/modules");
}

// Coders, filters and configuration, of one library in folders such as ImageMagick-6.9.11,
// /etc/ImageMagick-6 and /usr/share/ImageMagick-6.
bool AddImageMagick(const std::string& library, FileClosure& files) {
  bool found = false;
  for (const std::string& folder :
       {base::ParentOf(library), std::string("/etc"), std::string("/usr/share")}) {
    const std::optional<std::string> place = files.root().Resolve(folder);
    for (const std::string& name :
         place ? base::ListDirectory(files.root().OnDisk(*place)) : std::vector<std::string>()) {
      if (name.starts_with("ImageMagick-")) {
        found |= files.AddKnown(folder + "/" + name);
      }
    }
  }
  return found;
}

// What a library opens.
struct LibrarySet {
  const char* name;                                             // in images::kContentSets
  const char* library;                                          // the start of its file's name
  bool (*add)(const std::string& library, FileClosure& files);  // false: nothing of it is there
};

constexpr std::array<LibrarySet, 8> kLibrarySets = {
    {{"gconv", "libc.so.6", &AddGconv},
     {"locale", "libc.so.6", &AddLocale},
     {"nss", "libc.so.6", &AddNss},
     {"openssl", "libcrypto.so.", &AddOpenSsl},
     {"node", "libnode.so.", &AddNode},
     {"gdk-pixbuf", "libgdk_pixbuf-2.0.so.", &AddGdkPixbuf},
     {"gio", "libgio-2.0.so.", &AddGio},
     {"imagemagick", "libMagickCore-", &AddImageMagick}}};

class Adder {
 public:
  Adder(const images::Contents& contents, FileClosure& files)
      : contents_(contents), files_(files) {}

  RunTimeSets Add() {
    std::set<std::string> seen;
    for (std::vector<std::string> more = {""}; !more.empty();) {  // a module may load others
      more.clear();
      for (const auto& file : files_.files()) {
        if (seen.insert(file.first).second) {
          more.push_back(file.first);
        }
      }
      for (const std::string& file : more) {
        AddFor(file);
      }
    }
    return std::move(out_);
  }

  // Names of `contents.sets` of which there is nothing.
  void FindMissing(base::Problems& problems) const {
    for (const std::string& name : contents_.sets.value_or(std::vector<std::string>())) {
      const images::ContentSet* set = images::FindContentSet(name);
      if (set == nullptr || set->of_any_source || found_.contains(name)) {
        continue;
      }
      const auto asker = askers_.find(name);
      if (asker == askers_.end()) {
        problems.Add(base::ExitCode::kUsage,
                     "contents.sets: nothing in the image uses the set '{}': leave it out, or name "
                     "what uses it in source.elf",
                     name);
      } else {
        problems.Add(
            base::ExitCode::kFailed,
            "contents.sets: nothing of the set '{}' is beside {}: install the package that "
            "has it",
            name, files_.root().OnDisk(asker->second));
      }
    }
  }

 private:
  void AddFor(const std::string& file) {
    for (const std::string& language : LanguageNames()) {
      if (IsOfLanguage(language, file) && Takes(language, file)) {
        AddLanguage(language, file);
      }
    }
    const std::string name = base::BaseName(file);
    for (const LibrarySet& set : kLibrarySets) {
      if (name.starts_with(set.library)) {
        out_.covered.insert(file);
        const size_t before = files_.known_taken();
        if (Takes(set.name, file) && set.add(file, files_)) {
          found_.insert(set.name);
        }
        if (files_.known_taken() > before) {  // not all excluded
          out_.taken[set.name].insert(name);
        }
      }
    }
    if (name.starts_with("libc.so.6")) {  // which it opens to end threads, and for backtrace()
      files_.AddKnown(base::ParentOf(file) + "/libgcc_s.so.1");
    }
  }

  bool Takes(const std::string& set, const std::string& file) {
    askers_.emplace(set, file);
    if (images::TakesSet(contents_.sets, set)) {
      return true;
    }
    if (!contents_.sets) {
      out_.offered.emplace(set, base::BaseName(file));
    }
    return false;
  }

  void AddLanguage(const std::string& language, const std::string& file) {
    const StandardLibrary library = StandardLibraryOf(language, file, files_);
    for (const std::string& path : library.folders) {
      files_.AddKnown(path, &IsLeftOut);
      const std::string real = files_.root().Resolve(path).value_or(path) + "/";
      const auto first = files_.files().lower_bound(real);
      if (first != files_.files().end() && first->first.starts_with(real)) {  // not all excluded
        out_.languages.emplace(real.substr(0, real.size() - 1), language + library.version);
        out_.taken[language].insert(base::BaseName(file));
      }
    }
    if (!library.folders.empty()) {
      out_.covered.insert(file);
      found_.insert(language);
    }
  }

  const images::Contents& contents_;
  FileClosure& files_;
  std::map<std::string, std::string> askers_;  // set -> the first file that uses it
  std::set<std::string> found_;                // sets of which something is there
  RunTimeSets out_;
};

}  // namespace

RunTimeSets AddRunTimeSets(const images::Contents& contents, FileClosure& files,
                           base::Problems& problems) {
  Adder adder(contents, files);
  RunTimeSets out = adder.Add();
  adder.FindMissing(problems);
  return out;
}

}  // namespace builder
