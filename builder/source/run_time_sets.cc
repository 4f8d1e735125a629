#include "builder/source/run_time_sets.h"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/machine.h"

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
void AddOpenSsl(const std::string& libcrypto, FileClosure& files) {
  for (const char* path :
       {"/usr/lib/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf", "/usr/local/ssl/openssl.cnf"}) {
    files.AddKnown(path);
  }
  const std::string folder = base::ParentOf(libcrypto);
  files.AddKnown(folder + "/ossl-modules");
  files.AddKnown(folder + "/engines-3");
}

// Character sets, what unwinds stacks, the one locale that every machine should have, and what
// finds names of users and hosts.
void AddLibc(const std::string& libc, FileClosure& files) {
  const std::string folder = base::ParentOf(libc);
  files.AddKnown(folder + "/gconv");
  files.AddKnown(folder + "/libgcc_s.so.1");  // which it opens to end threads, and for backtrace
  for (const char* name : {"C.utf8", "C.UTF-8"}) {
    files.AddKnown(std::string("/usr/lib/locale/") + name);
  }
  const std::string configuration = "/etc/nsswitch.conf";
  if (!files.AddKnown(configuration)) {
    return;
  }
  const std::string path = files.root().Resolve(configuration).value_or(configuration);
  std::istringstream lines(base::ReadFile(files.root().OnDisk(path)));
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    std::istringstream words(line.substr(std::min(line.find(':'), line.size())));
    for (std::string word; words >> word;) {
      if (word.find('/') == std::string::npos) {
        files.AddKnown(folder + "/libnss_" + word + ".so.2");
      }
    }
  }
}

// Parts of node that Debian has as packages of their own; without them it does not start.
void AddNode(FileClosure& files) {
  for (const char* part : {"acorn", "acorn-walk", "cjs-module-lexer", "undici"}) {
    files.AddKnown(std::string("/usr/share/nodejs/") + part);
  }
}

// Where a language's standard library is, below the folder that has its bin or lib. {v} is the
// version in the name of its program or library, {t} Debian's folder for the machine.
struct Layout {
  const char* landmark;  // only this layout has it
  std::vector<const char*> folders;
};

struct Language {
  const char* name;  // of its program, before the version; with "lib" before it, of its library
  std::vector<Layout> layouts;
};

const std::vector<Language>& Languages() {
  static const std::vector<Language> kLanguages = {
      {"python",
       {{"lib64/python{v}/os.py", {"lib64/python{v}", "lib/python{v}"}},
        {"lib/python{v}/os.py", {"lib/python{v}"}}}},
      {"perl",
       {{"lib/{t}/perl-base", {"lib/{t}/perl-base", "lib/{t}/perl", "share/perl"}},
        {"lib64/perl5", {"lib64/perl5", "share/perl5"}},
        {"lib/perl5/core_perl", {"lib/perl5", "share/perl5"}},
        {"lib/perl5", {"lib/perl5", "share/perl5/core_perl"}}}},
      {"ruby",
       {{"lib/{t}/ruby", {"lib/{t}/ruby", "lib/ruby", "share/rubygems-integration"}},
        {"lib64/ruby", {"lib64/ruby", "share/ruby", "share/rubygems", "share/gems"}},
        {"lib/ruby", {"lib/ruby"}}}},
      {"tcl",
       {{"share/tcltk/tcl{v}", {"share/tcltk/tcl{v}"}},
        {"share/tcl{v}", {"share/tcl{v}"}},
        {"lib/tcl{v}", {"lib/tcl{v}"}}}},
      {"tk",
       {{"share/tcltk/tk{v}", {"share/tcltk/tk{v}"}},
        {"share/tk{v}", {"share/tk{v}"}},
        {"lib/tk{v}", {"lib/tk{v}"}}}},
      {"java", {{"lib/jvm.cfg", {"lib", "conf"}}}},
  };
  return kLanguages;
}

struct Interpreter {
  std::string prefix;   // "/usr"
  std::string version;  // "3.11"; may be empty
};

// What `file` is of the language `name`; nullopt: nothing.
std::optional<Interpreter> InterpreterOf(const std::string& name, const std::string& file) {
  std::string rest = base::BaseName(file);
  const bool is_library = rest.starts_with("lib");
  const std::string start = (is_library ? "lib" : "") + name;
  const size_t end = is_library ? rest.find(".so") : rest.size();
  if (!rest.starts_with(start) || end == std::string::npos) {
    return std::nullopt;
  }
  std::string version = rest.substr(start.size(), end - start.size());
  version.erase(0, is_library && version.starts_with('-') ? 1 : 0);  // libruby-3.1.so
  if (!version.empty() && (version[0] < '0' || version[0] > '9')) {
    return std::nullopt;
  }
  const std::string folder = base::ParentOf(file) + "/";
  for (const char* of_libraries : {"/lib/", "/lib64/"}) {
    const size_t at = folder.rfind(of_libraries);
    if (is_library && at != std::string::npos) {
      return Interpreter{folder.substr(0, at), version};
    }
  }
  return Interpreter{base::ParentOf(base::ParentOf(file)), version};
}

std::string PathOf(const char* pattern, const Interpreter& interpreter, const FileClosure& files) {
  const ElfFile& like = files.like();
  const base::Machine* machine = base::MachineOfElf(like.machine, like.elf_class);
  std::string out = interpreter.prefix + "/" + pattern;
  for (const auto& [written, value] :
       {std::pair<std::string, std::string>("{v}", interpreter.version),
        {"{t}", machine == nullptr ? "" : machine->triplet}}) {
    if (const size_t at = out.find(written); at != std::string::npos) {
      out.replace(at, written.size(), value);
    }
  }
  return out;
}

// Whether `file` is of the language and its standard library was found.
bool AddLanguage(const Language& language, const std::string& file, FileClosure& files,
                 RunTimeSets& sets) {
  const std::optional<Interpreter> interpreter = InterpreterOf(language.name, file);
  if (!interpreter) {
    return false;
  }
  for (const Layout& layout : language.layouts) {
    if (!files.root().Resolve(PathOf(layout.landmark, *interpreter, files))) {
      continue;
    }
    for (const char* folder : layout.folders) {
      const std::string path = PathOf(folder, *interpreter, files);
      files.AddKnown(path, &IsLeftOut);
      const std::string real = files.root().Resolve(path).value_or(path) + "/";
      const auto first = files.files().lower_bound(real);
      if (first != files.files().end() && first->first.starts_with(real)) {  // not all excluded
        sets.languages.emplace(real.substr(0, real.size() - 1),
                               language.name + interpreter->version);
      }
    }
    return true;
  }
  return false;
}

}  // namespace

RunTimeSets AddRunTimeSets(FileClosure& files) {
  RunTimeSets out;
  for (size_t known = 0; known != files.files().size();) {  // a module may load another language
    std::vector<std::string> all;
    for (const auto& file : files.files()) {
      all.push_back(file.first);
    }
    known = all.size();
    for (const std::string& file : all) {
      for (const Language& language : Languages()) {
        if (AddLanguage(language, file, files, out)) {
          out.covered.insert(file);
        }
      }
    }
  }
  if (const auto libcrypto = files.FileNamed("libcrypto.so.")) {
    AddOpenSsl(*libcrypto, files);
    out.covered.insert(*libcrypto);
  }
  if (const auto libc = files.FileNamed("libc.so.6")) {
    AddLibc(*libc, files);
    out.covered.insert(*libc);
  }
  if (files.FileNamed("libnode.so.")) {
    AddNode(files);
  }
  return out;
}

}  // namespace builder
