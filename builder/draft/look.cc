#include "builder/draft/look.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "builder/draft/script.h"
#include "builder/source/elf_file.h"
#include "builder/source/oci_image.h"
#include "builder/source/resolve_source.h"
#include "builder/source/source_word.h"
#include "images/name.h"
#include "images/service/listen_address.h"

namespace builder {
namespace {

// What stands beside a script and does not belong to it.
constexpr std::array<std::string_view, 7> kNotContent = {
    "images", "build", "__pycache__", "dist", "hosts.json", "tests", "target"};

// Folders that a service has not, or has its own of, whatever the image holds there.
constexpr std::array<std::string_view, 5> kHidden = {"/home/", "/root/", "/tmp/", "/var/tmp/",
                                                     "/run/"};

std::string NameFrom(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool is_fine = std::isalnum(static_cast<unsigned char>(c)) != 0 && c > 0;
    out += is_fine ? lower : '-';
  }
  out.erase(0, out.find_first_not_of('-'));
  out.erase(out.find_last_not_of('-') + 1);
  return out.substr(0, 32);
}

// "nginx" of "HASH-nginx-1.26.2".
std::string NixNameOf(const std::string& store_path) {
  constexpr size_t kHash = 33;
  const std::string name = base::BaseName(store_path);
  std::string out = name.size() > kHash ? name.substr(kHash) : name;
  for (size_t at = 0; (at = out.find('-', at)) != std::string::npos; ++at) {
    if (at + 1 < out.size() && std::isdigit(static_cast<unsigned char>(out[at + 1])) != 0) {
      out.erase(at);
    }
  }
  return out;
}

std::string StemOf(const std::string& path) {
  const std::string name = base::BaseName(path);
  return name.substr(0, std::max<size_t>(1, name.find('.', 1)));
}

// By what the compilers leave in a program.
std::string CompilerOf(const std::string& path) {
  constexpr uint64_t kMost = uint64_t{256} << 20;
  if (base::FileSize(path) > kMost) {
    return "";
  }
  const std::string text = base::ReadFile(path, kMost);
  return text.find("\xff Go buildinf:") != std::string::npos ? "Go"
         : text.find("rustc version ") != std::string::npos  ? "Rust"
                                                             : "";
}

class Looker {
 public:
  explicit Looker(const LookOptions& options) : options_(options) {}

  Draft Look() {
    const std::string path =
        std::filesystem::path(base::AbsolutePath(options_.source)).lexically_normal().string();
    const auto found = base::StatIfThere(path);
    if (found && S_ISREG(found->st_mode)) {
      if (const auto script = ReadScript(path)) {
        LookAtScript(path, *script, CompanyOf(path));
        return Done();
      }
    }
    out_.source = ParseSource(found ? path : options_.source);
    if (const auto* elf = std::get_if<images::ElfSource>(&out_.source)) {
      LookAtProgram(elf->programs.front());
    } else if (const auto* root = std::get_if<images::RootSource>(&out_.source)) {
      LookAtFolder(root->directory);
    } else if (const auto* oci = std::get_if<images::OciSource>(&out_.source)) {
      LookAtOci(*oci);
    } else {
      LookAtNix(std::get<images::NixSource>(out_.source));
    }
    return Done();
  }

 private:
  void SetName(const std::string& suggested) {
    out_.name = options_.name.empty() ? NameFrom(suggested) : options_.name;
    images::CheckName(out_.name, options_.name.empty() ? "the source's name (give --name)"
                                                       : "--name: image name");
  }

  Draft Done() {
    images::Command& exec = out_.service.exec;
    if (!options_.exec.empty()) {
      exec = options_.exec;
    } else if (exec.empty() && !options_.arguments.empty()) {
      exec = image_command_;
    }
    exec.insert(exec.end(), options_.arguments.begin(), options_.arguments.end());
    // Every host has them, and so most programs expect them.
    out_.empty_folders = {"/var/cache", "/var/lib", "/var/log"};
    out_.notes["service"].emplace_back(
        "It runs as a user of its own that is made at each start, in a sandbox: \"user\" names");
    out_.notes["service"].emplace_back("one that stays, \"hardening\" loosens the sandbox.");
    return std::move(out_);
  }

  void LookAtScript(const std::string& path, const Script& script, Company company) {
    SetName(company == Company::kFolder && StemOf(path).size() < 2
                ? base::BaseName(base::ParentOf(path))
                : StemOf(path));
    out_.what = fmt::format("a script of {}, {}",
                            script.language.empty() ? script.interpreter : script.language, path);
    out_.source = images::ElfSource{{script.interpreter}, std::nullopt};
    const std::string folder = "/opt/" + out_.name;
    AddFiles(path, folder, company);
    out_.service.exec = {script.interpreter};
    images::Command& exec = out_.service.exec;
    exec.insert(exec.end(), script.arguments.begin(), script.arguments.end());
    exec.push_back(folder + "/" + base::BaseName(path));
    SetLanguage(script.language, base::ParentOf(path), folder);
  }

  void AddFiles(const std::string& script, const std::string& to, Company company) {
    const std::string folder = base::ParentOf(script);
    if (company == Company::kNone) {
      out_.files[to + "/" + base::BaseName(script)] = script;
      return;
    }
    for (const std::string& name : base::ListDirectory(folder)) {
      const bool is_content = name == ".venv" || (!name.starts_with('.') &&
                                                  std::find(kNotContent.begin(), kNotContent.end(),
                                                            name) == kNotContent.end());
      if (is_content && (company == Company::kFolder || HasEndingOf(script, name))) {
        out_.files[to + "/" + name] = folder + "/" + name;
      }
    }
  }

  void SetLanguage(const std::string& language, const std::string& here, const std::string& to) {
    std::map<std::string, std::string>& environment = out_.service.environment;
    if (language == "python") {
      out_.notes["environment"].emplace_back(
          "Its output is seen at once, and nothing is compiled beside the read-only modules.");
      environment = {{"PYTHONUNBUFFERED", "1"}, {"PYTHONDONTWRITEBYTECODE", "1"}};
      for (const char* venv : {".venv", "venv"}) {
        const std::string lib = std::string("/") + venv + "/lib/";
        for (const std::string& version : base::ListDirectory(here + lib)) {
          environment["PYTHONPATH"] = to + lib + version + "/site-packages";
        }
      }
    } else if (language == "node") {
      environment = {{"NODE_ENV", "production"}};
      AllowJustInTime("V8");
    }
  }

  void AllowJustInTime(const std::string& who) {
    out_.notes["directives"].push_back(who +
                                       " compiles at run time: writes what it then executes.");
    out_.service.directives["Service"]["MemoryDenyWriteExecute"] = "no";
  }

  void LookAtProgram(const std::string& path) {
    const auto elf = ReadElf(path);
    SetName(StemOf(path));
    const std::string compiler = CompilerOf(path);
    const bool is_static = elf && elf->interpreter.empty();
    out_.what = fmt::format("the {}program {}{}", is_static ? "static " : "", path,
                            compiler.empty() ? "" : ", written in " + compiler);
    out_.service.exec = {path};
    if (std::any_of(kHidden.begin(), kHidden.end(),
                    [&](std::string_view folder) { return path.starts_with(folder); })) {
      out_.service.exec = {"/opt/" + out_.name + "/" + base::BaseName(path)};
      out_.files[out_.service.exec.front()] = path;
      out_.notes["exec"].emplace_back(
          "Not where it stands here: a service does not see that folder.");
    }
    if (base::BaseName(path).starts_with("node")) {
      SetLanguage("node", "", "");
    }
  }

  // One with programs is a root; one without, an application's sources.
  void LookAtFolder(const std::string& folder) {
    const bool is_root =
        std::any_of(kRootFolders.begin(), kRootFolders.end(),
                    [&](const char* name) { return base::Exists(folder + "/" + name); });
    if (!is_root) {
      if (const std::string main = MainScriptOf(folder); !main.empty()) {
        if (const auto script = ReadScript(folder + "/" + main)) {
          const std::string name = options_.name;
          LookAtScript(folder + "/" + main, *script, Company::kFolder);
          if (name.empty()) {
            Rename(NameFrom(base::BaseName(folder)));
          }
          return;
        }
      }
    }
    SetName(base::BaseName(folder));
    out_.what = "the root directory " + folder;
    if (options_.exec.empty()) {
      std::vector<std::string> programs;
      for (const char* bin : {"/app", "/usr/local/bin", "/usr/local/sbin", "/usr/sbin", "/usr/bin",
                              "/bin", "/sbin", ""}) {
        AddPrograms(folder, bin, programs);
      }
      out_.service.exec = {ChooseProgram(folder, programs)};
    }
  }

  // The name that its script gave it is not the folder's.
  void Rename(const std::string& name) {
    const std::string old = "/opt/" + std::exchange(out_.name, name) + "/";
    const std::string now = "/opt/" + name + "/";
    std::map<std::string, std::string> files;
    for (const auto& [to, from] : out_.files) {
      files[now + to.substr(old.size())] = from;
    }
    out_.files = std::move(files);
    const auto rename = [&](std::string& text) {
      if (text.starts_with(old)) {
        text = now + text.substr(old.size());
      }
    };
    std::for_each(out_.service.exec.begin(), out_.service.exec.end(), rename);
    for (auto& [variable, value] : out_.service.environment) {
      rename(value);
    }
  }

  static void AddPrograms(const std::string& root, const std::string& bin,
                          std::vector<std::string>& out) {
    for (const std::string& name : base::ListDirectory(root + bin)) {
      const std::string path = root + bin + "/" + name;
      const auto found = base::StatIfThere(path);
      if (found && S_ISREG(found->st_mode) && (found->st_mode & 0111U) != 0 &&
          !name.starts_with('.')) {
        out.push_back(bin + "/" + name);
      }
    }
  }

  std::string ChooseProgram(const std::string& where, const std::vector<std::string>& programs) {
    for (const std::string& program : programs) {
      if (programs.size() == 1 || base::BaseName(program) == out_.name) {
        return program;
      }
    }
    constexpr size_t kMost = 8;
    const size_t shown = std::min(programs.size(), kMost);
    base::Fail(
        base::ExitCode::kUsage, "say what {} runs: --exec '/bin/app ARGUMENT...'{}{}{}", where,
        programs.empty() ? "" : "; it has ",
        fmt::join(programs.begin(), programs.begin() + static_cast<std::ptrdiff_t>(shown), " "),
        programs.size() > shown ? " ..." : "");
  }

  void LookAtOci(const images::OciSource& source) {
    const OciImage image =
        OpenOciImage(ParseOciReference(source.path), ParseOciPlatform(""), options_.temporary);
    SetName(image.name.empty() ? StemOf(ParseOciReference(source.path).path)
                               : base::BaseName(image.name));
    out_.what = "the OCI image " + source.path;
    image_command_ = image.command;
    if (!image.healthcheck.test.empty()) {  // which counts where the definition has none
      out_.check = Draft::Check::kNone;
      out_.notes["health"].emplace_back(
          "The image has a check of its own: \"health\" would replace it.");
    }
    out_.notes["exec"].push_back(
        fmt::format("The image says how it runs: {}{}", fmt::join(image.command, " "),
                    image.user.empty() ? "" : ", as its user " + image.user));
    out_.notes["exec"].emplace_back(
        "\"exec\", \"environment\" and \"directives\" here would replace that.");
    for (const std::string& text : image.exposed_ports) {
      const size_t slash = text.find('/');
      const auto port = images::ParsePort(text.substr(0, slash));
      if (port && (slash == std::string::npos || text.substr(slash) == "/tcp")) {
        out_.notes["ports"] = {"The image exposes them."};
        out_.service.ports.push_back(*port);
      }
    }
    if (image.command.empty() && options_.exec.empty()) {
      base::Fail(base::ExitCode::kUsage,
                 "{} does not say what it runs: --exec '/bin/app ARGUMENT...'", source.path);
    }
    if (!image.command.empty() && base::BaseName(image.command.front()).starts_with("node")) {
      AllowJustInTime("V8");
    }
  }

  void LookAtNix(const images::NixSource& source) {
    images::Definition definition;
    definition.source = source;
    const Closure closure = ResolveSource(definition, base::Io{});
    SetName(NixNameOf(closure.main_path));
    out_.what = "Nix's " + closure.main_path;
    if (options_.exec.empty()) {
      std::vector<std::string> programs;
      AddPrograms(closure.main_path, "/bin", programs);
      if (programs.empty()) {
        AddPrograms(closure.main_path, "/sbin", programs);
      }
      const std::string program = ChooseProgram(closure.main_path, programs);
      out_.notes["exec"].emplace_back("A name alone is looked for in the package first.");
      out_.service.exec = {base::BaseName(program)};
    }
  }

  static constexpr std::array<const char*, 5> kRootFolders = {"usr", "bin", "lib", "etc", "nix"};

  const LookOptions& options_;
  Draft out_;
  images::Command image_command_;  // of an OCI image
};

}  // namespace

Draft LookAt(const LookOptions& options) { return Looker(options).Look(); }

}  // namespace builder
