#include "builder/source/language_sets.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/file.h"
#include "base/machine.h"

namespace builder {
namespace {

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

const Language& LanguageNamed(const std::string& name) {
  return *std::find_if(Languages().begin(), Languages().end(),
                       [&](const Language& language) { return language.name == name; });
}

}  // namespace

std::vector<std::string> LanguageNames() {
  std::vector<std::string> out;
  for (const Language& language : Languages()) {
    out.emplace_back(language.name);
  }
  return out;
}

bool IsOfLanguage(const std::string& language, const std::string& file) {
  return InterpreterOf(language, file).has_value();
}

StandardLibrary StandardLibraryOf(const std::string& language, const std::string& file,
                                  const FileClosure& files) {
  const Interpreter interpreter = InterpreterOf(language, file).value();
  StandardLibrary out{interpreter.version, {}};
  for (const Layout& layout : LanguageNamed(language).layouts) {
    if (files.root().Resolve(PathOf(layout.landmark, interpreter, files))) {
      for (const char* folder : layout.folders) {
        out.folders.push_back(PathOf(folder, interpreter, files));
      }
      break;
    }
  }
  return out;
}

}  // namespace builder
