#include "builder/draft/script.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "builder/source/elf_file.h"

namespace builder {
namespace {

struct Language {
  std::string_view name;
  std::string_view program;  // the start of its interpreter's name
  std::string_view ending;   // of its files
};
constexpr std::array kLanguages = {
    Language{"python", "python", ".py"}, Language{"node", "node", ".js"},
    Language{"node", "node", ".mjs"},    Language{"perl", "perl", ".pl"},
    Language{"ruby", "ruby", ".rb"},     Language{"shell", "bash", ".sh"},
    Language{"shell", "sh", ".sh"}};

// What a script of any language is run by when its first line does not say.
constexpr std::array kPrograms = {std::pair{".py", "python3"}, std::pair{".js", "node"},
                                  std::pair{".mjs", "node"},   std::pair{".pl", "perl"},
                                  std::pair{".rb", "ruby"},    std::pair{".sh", "sh"}};

constexpr std::array<std::string_view, 8> kProjectFiles = {
    "requirements.txt", "pyproject.toml", "package.json", "node_modules",
    "Gemfile",          "cpanfile",       "static",       "templates"};

std::string EndingOf(const std::string& path) {
  const std::string name = base::BaseName(path);
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(dot);
}

std::string LanguageOf(const std::string& program) {
  const std::string name = base::BaseName(program);
  for (const Language& language : kLanguages) {
    if (name.starts_with(language.program)) {
      return std::string(language.name);
    }
  }
  return "";
}

bool IsElfProgram(const std::string& path) {
  return ::access(path.c_str(), X_OK) == 0 && ReadElf(path).has_value();
}

// In the folders of the distribution first: what a version manager puts before them in PATH is
// often a script.
std::string FindProgram(const std::string& name, const std::string& script) {
  std::string folders = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
  if (const char* path = std::getenv("PATH"); path != nullptr) {
    folders += std::string(":") + path;
  }
  std::istringstream in(folders);
  for (std::string folder; std::getline(in, folder, ':');) {
    if (folder.starts_with('/') && IsElfProgram(folder + "/" + name)) {
      return folder + "/" + name;
    }
  }
  base::Fail(base::ExitCode::kFailed, "{} is run by {}, which is not installed here", script, name);
}

std::vector<std::string> FirstLine(const std::string& path) {
  const base::UniqueFd fd = base::OpenForReading(path);
  const auto bytes = base::PRead(fd.get(), 0, 512, path);
  const std::string text(base::AsText(bytes));
  std::vector<std::string> out;
  if (text.starts_with("#!")) {
    std::istringstream in(text.substr(2, text.find('\n') - 2));
    for (std::string word; in >> word;) {
      out.push_back(word);
    }
  }
  return out;
}

// Much stands there that is no part of a program.
bool IsHome(const std::string& folder) {
  const char* home = std::getenv("HOME");
  return folder == "/" || folder == "/root" || base::ParentOf(folder) == "/home" ||
         (home != nullptr && folder == home);
}

}  // namespace

std::optional<Script> ReadScript(const std::string& path) {
  Script out;
  std::vector<std::string> words = FirstLine(path);
  if (words.empty()) {
    const std::string ending = EndingOf(path);
    const auto* const found = std::find_if(kPrograms.begin(), kPrograms.end(),
                                           [&](const auto& one) { return ending == one.first; });
    if (found == kPrograms.end()) {
      return std::nullopt;
    }
    words = {found->second};
  } else if (base::BaseName(words.front()) == "env") {
    words.erase(words.begin());
    std::erase(words, "-S");
    if (words.empty()) {
      return std::nullopt;
    }
  }
  const std::string program = words.front();
  out.interpreter = program.starts_with('/') && IsElfProgram(program)
                        ? program
                        : FindProgram(base::BaseName(program), path);
  out.arguments.assign(words.begin() + 1, words.end());
  out.language = LanguageOf(out.interpreter);
  return out;
}

std::string MainScriptOf(const std::string& folder) {
  for (const char* name :
       {"main.py", "app.py", "server.py", "__main__.py", "index.js", "server.js", "app.js",
        "main.js", "app.pl", "app.rb", "main.rb", "run.sh", "start.sh"}) {
    if (base::Exists(folder + "/" + name)) {
      return name;
    }
  }
  std::vector<std::string> scripts;
  for (const std::string& name : base::ListDirectory(folder)) {
    const auto found = base::StatIfThere(folder + "/" + name);
    if (found && S_ISREG(found->st_mode) && !FirstLine(folder + "/" + name).empty()) {
      scripts.push_back(name);
    }
  }
  return scripts.size() == 1 ? scripts.front() : "";
}

Company CompanyOf(const std::string& script) {
  const std::string folder = base::ParentOf(script);
  const std::vector<std::string> names = base::ListDirectory(folder);
  const bool is_project = std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return std::find(kProjectFiles.begin(), kProjectFiles.end(), name) != kProjectFiles.end();
  });
  if (is_project && !IsHome(folder)) {
    return Company::kFolder;
  }
  const bool has_same = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name != base::BaseName(script) && HasEndingOf(script, name);
  });
  return has_same ? Company::kSameEnding : Company::kNone;
}

bool HasEndingOf(const std::string& script, const std::string& name) {
  const std::string ending = EndingOf(script);
  return !ending.empty() && EndingOf(name) == ending;
}

}  // namespace builder
