#include "builder/source/debian_packages.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "builder/tree/package_paths.h"

namespace builder {
namespace {

constexpr size_t kFilesAtOnce = 1000;  // far below what a command line may hold

// What dpkg-query prints; it fails where it does not know one of many, and answers for the rest.
std::string Ask(const Sysroot& root, std::vector<std::string> argv) {
  argv.insert(argv.begin() + 1, "--admindir=" + root.OnDisk("/var/lib/dpkg"));
  try {
    return base::Run(argv,
                     {.environment = {{"LC_ALL", "C"}}, .timeout = {}, .input = {}, .log_name = {}})
        .out;
  } catch (const base::Error& error) {
    if (error.error_number() == ENOENT) {
      return "";
    }
    throw;
  }
}

std::string Glob(const std::string& path) {  // dpkg-query takes patterns
  std::string out;
  for (const char c : path) {
    out += std::string(c == '*' || c == '?' || c == '[' || c == '\\' ? "\\" : "") + c;
  }
  return out;
}

// "libc6:amd64: /lib/x.so", "a, b: /folder"; "diversion by ..." is about no package.
void ReadOwners(const std::string& text, std::map<std::string, std::string>& owners) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const size_t end = line.find(": /");
    if (end == std::string::npos || line.starts_with("diversion ")) {
      continue;
    }
    const std::string packages = line.substr(0, end);
    owners.emplace(line.substr(end + 2), packages.substr(0, packages.find(", ")));
  }
}

// By the name that dpkg-query prints.
std::map<std::string, DebianPackage> Describe(const Sysroot& root,
                                              const std::set<std::string>& packages) {
  std::vector<std::string> argv = {"dpkg-query", "-W", "-f",
                                   "${binary:Package} ${Version} ${Architecture} "
                                   "${source:Package} ${source:Version}\\n"};
  argv.insert(argv.end(), packages.begin(), packages.end());
  std::map<std::string, DebianPackage> out;
  std::istringstream words(Ask(root, argv));
  std::string name;
  DebianPackage package;
  PackageOrigin& origin = package.origin;
  while (words >> name >> package.version >> origin.architecture >> origin.source_name >>
         origin.source_version) {
    package.name = name.substr(0, name.find(':'));
    out.emplace(name, package);
  }
  return out;
}

}  // namespace

std::map<std::string, DebianPackage> DebianPackagesOf(const Sysroot& root,
                                                      const std::vector<std::string>& files) {
  std::map<std::string, DebianPackage> out;
  if (files.empty() || !base::Exists(root.OnDisk("/var/lib/dpkg/status"))) {
    return out;
  }
  std::map<std::string, std::string> owners;
  for (size_t first = 0; first < files.size(); first += kFilesAtOnce) {
    std::vector<std::string> argv = {"dpkg-query", "-S"};
    for (size_t i = first; i < std::min(files.size(), first + kFilesAtOnce); ++i) {
      for (const std::string& path : PathsInPackages(files[i])) {
        argv.push_back(Glob(path));
      }
    }
    ReadOwners(Ask(root, argv), owners);
  }
  std::set<std::string> packages;
  for (const auto& owner : owners) {
    packages.insert(owner.second);
  }
  const std::map<std::string, DebianPackage> known = Describe(root, packages);
  for (const std::string& file : files) {
    auto owner = owners.end();
    for (const std::string& path : PathsInPackages(file)) {
      owner = owner == owners.end() ? owners.find(path) : owner;
    }
    if (owner == owners.end()) {
      continue;
    }
    const auto package = known.find(owner->second);
    DebianPackage& its = out[file];
    if (package != known.end()) {
      its = package->second;
    }
    its.name = owner->second.substr(0, owner->second.find(':'));
    its.origin.type = "deb";
  }
  return out;
}

}  // namespace builder
