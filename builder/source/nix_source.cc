#include "builder/source/nix_source.h"

#include <cerrno>
#include <map>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "builder/source/path_info.h"

namespace builder {
namespace {

constexpr size_t kHashBytes = 32;
constexpr size_t kMessageLines = 5;
constexpr int kMaxLinks = 40;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    out.push_back(line);
  }
  return out;
}

base::ProcessResult Start(const std::vector<std::string>& argv) {
  try {
    return base::Run(argv);
  } catch (const base::Error& error) {
    if (error.error_number() == ENOENT) {
      base::Fail(base::ExitCode::kFailed,
                 "{} is not installed, and a nix source needs it: install Nix (Debian: apt install "
                 "nix-bin)",
                 argv[0]);
    }
    throw;
  }
}

// What the program printed; `doing` says what for.
std::string OutputOf(const base::ProcessResult& result, const std::string& program,
                     const std::string& doing) {
  if (!result.ok()) {
    base::Fail(base::ExitCode::kFailed, "{} failed: {} exited with {}:\n{}", doing, program,
               result.exit_code, base::LastLines(result.err, kMessageLines));
  }
  return result.out;
}

std::string RunNix(const std::vector<std::string>& argv, const std::string& doing) {
  return OutputOf(Start(argv), argv[0], doing);
}

// Without what store paths cannot be compared with: //, /./, /.. and a slash at the end.
std::string PlainPath(const std::string& path) {
  std::string out;
  bool climbs = false;
  for (const std::string& name : PathComponents(path)) {
    climbs = climbs || name == "..";
    out += name == "." ? "" : "/" + name;
  }
  if (!climbs) {
    return out;
  }
  // Only the file system knows what is above a link.
  return base::BaseName(out) == ".."
             ? base::RealPath(out)
             : base::RealPath(base::ParentOf(out)) + "/" + base::BaseName(out);
}

// A path in the store, or a link to one such as ./result, cut to the store path itself. A store
// path may be a link, too: it is the one that was named, and what it leads to is in its closure.
std::string StorePathOf(const std::string& path) {
  if (!base::LstatIfThere(path)) {
    base::Fail(base::ExitCode::kFailed,
               "{} does not exist; build it first (nix-build), or check its name", path);
  }
  std::string at = PlainPath(base::AbsolutePath(path));
  for (int links = 0; links < kMaxLinks; ++links) {
    if (at.starts_with(kNixStore)) {
      break;
    }
    const std::optional<std::string> target = base::ReadLinkIfThere(at);
    at = target ? PlainPath(images::Beside(base::RealPath(base::ParentOf(at)), *target))
                : base::RealPath(at);
    if (!target) {
      break;
    }
  }
  if (!at.starts_with(kNixStore) || at.size() <= kNixStore.size() + kHashBytes + 1) {
    base::Fail(base::ExitCode::kFailed, "{} is not in {} and does not lead there", path, kNixStore);
  }
  return at.substr(0, at.find('/', kNixStore.size()));
}

std::string Build(const images::NixSource& source) {
  if (!base::Exists(*source.file)) {
    base::Fail(base::ExitCode::kUsage, "the Nix file {} does not exist", *source.file);
  }
  const std::vector<std::string> built =
      Lines(RunNix({"nix-build", *source.file, "-A", source.attr, "--no-out-link"},
                   fmt::format("building {} of {}", source.attr, *source.file)));
  if (built.size() != 1) {
    base::Fail(base::ExitCode::kFailed, "{} of {} gives {} outputs; name one: {}.out", source.attr,
               *source.file, built.size(), source.attr);
  }
  return StorePathOf(built.front());
}

// nix-store -r knows x.drv and x.drv!out in every version of Nix, and x.drv^out in none.
std::vector<std::string> RealiseDerivation(const std::string& text) {
  std::string installable = text;
  const size_t mark = installable.find_last_of("^!");
  std::string path = installable.substr(0, mark);
  if (!base::Exists(path)) {
    base::Fail(base::ExitCode::kFailed, "the derivation {} does not exist", path);
  }
  const std::string outputs = mark == std::string::npos ? "*" : installable.substr(mark + 1);
  installable = base::RealPath(path);
  if (outputs != "*") {
    installable += "!" + outputs;
  }
  return Lines(RunNix({"nix-store", "--realise", installable}, "building " + text));
}

// The links result, result-dev and so on are the same in every version of Nix; what it prints with
// --json is not, and 2.8 has no --print-out-paths. They keep what was built from being collected,
// too.
std::vector<std::string> BuildFlake(const std::string& flake) {
  const base::TemporaryDirectory folder("/tmp", "slipway-nix-");
  RunNix({"nix", "--extra-experimental-features", "nix-command flakes", "build", "--out-link",
          folder.path() + "/result", flake},
         "building " + flake);
  std::vector<std::string> paths;
  for (const std::string& link : base::ListDirectory(folder.path())) {
    paths.push_back(StorePathOf(folder.path() + "/" + link));
  }
  if (paths.empty()) {
    base::Fail(base::ExitCode::kFailed, "{} gives no output", flake);
  }
  return paths;
}

// The store paths that the source names, built where they are not there; the first is {out}.
std::vector<std::string> Realise(const images::NixSource& source) {
  if (source.file) {
    return {Build(source)};
  }
  if (source.drv) {
    return RealiseDerivation(*source.drv);
  }
  if (source.flake) {
    return BuildFlake(*source.flake);
  }
  return {StorePathOf(*source.path)};
}

base::ProcessResult AskForClosure(const std::vector<std::string>& roots,
                                  const std::vector<std::string>& format) {
  std::vector<std::string> argv = {
      "nix", "--extra-experimental-features", "nix-command", "path-info", "--recursive", "--json"};
  argv.insert(argv.end(), format.begin(), format.end());
  argv.insert(argv.end(), roots.begin(), roots.end());
  return Start(argv);
}

// The closure of `roots`.
std::map<std::string, PathInfo> Requisites(const std::vector<std::string>& roots) {
  base::ProcessResult result = AskForClosure(roots, {"--json-format", "2"});
  if (!result.ok() && result.err.find("'--json-format'") != std::string::npos) {
    result = AskForClosure(roots, {});  // an older version, which knows one format
  }
  std::map<std::string, PathInfo> out =
      ParsePathInfo(OutputOf(result, "nix", "asking for the closure"));
  for (const std::string& root : roots) {
    if (!out.contains(root)) {
      base::Fail(base::ExitCode::kFailed, "nix was asked for the closure of {} and left it out",
                 root);
    }
  }
  return out;
}

Package PackageOf(const std::string& path, const PathInfo& info) {
  if (!base::LstatIfThere(path)) {
    base::Fail(base::ExitCode::kFailed,
               "{} belongs to the closure but is missing on disk; repair the store: nix-store "
               "--repair-path {}",
               path, path);
  }
  PackageName name = PackageNameOf(path);
  return {{path, info.nar_hash, 0, info.references, std::move(name.name), std::move(name.version)},
          {path},
          {},
          {"nix", "", "", ""}};
}

}  // namespace

PackageName PackageNameOf(const std::string& store_path) {
  const std::string base_name = base::BaseName(store_path);
  const std::string full =
      base_name.size() > kHashBytes + 1 ? base_name.substr(kHashBytes + 1) : base_name;
  for (size_t dash = full.find('-'); dash != std::string::npos; dash = full.find('-', dash + 1)) {
    if (dash + 1 < full.size() && full[dash + 1] >= '0' && full[dash + 1] <= '9') {
      return {full.substr(0, dash), full.substr(dash + 1)};
    }
  }
  return {full, ""};
}

Closure ResolveNix(const images::NixSource& source, const std::vector<std::string>& added) {
  Closure closure;
  std::vector<std::string> roots = Realise(source);
  closure.main_path = roots.front();
  closure.version = PackageNameOf(closure.main_path).version;
  closure.program_folders = {closure.main_path + "/bin", closure.main_path + "/sbin"};
  for (const std::string& text : added) {
    closure.problems.Try("contents.add", [&] {
      const std::vector<std::string> more = Realise(images::NixSourceOf(text, ""));
      roots.insert(roots.end(), more.begin(), more.end());
    });
  }
  std::vector<std::string> paths;
  for (const auto& [path, info] : Requisites(roots)) {
    closure.packages.push_back(PackageOf(path, info));
    paths.push_back(path);
    if (!info.deriver.empty()) {
      closure.derivers.emplace(path, info.deriver);
    }
  }
  closure.fill = [paths](Tree& tree) {
    for (const std::string& path : paths) {
      tree.AddFromDisk(path, path);
    }
  };
  return closure;
}

}  // namespace builder
