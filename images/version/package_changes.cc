#include "images/version/package_changes.h"

#include <array>
#include <map>
#include <set>
#include <utility>

namespace images {
namespace {

// All paths of one package name: an image may hold several versions of it.
struct Package {
  std::set<std::string> paths;
  std::set<std::string> hashes;  // where a path does not say the content, as Nix's do
  std::set<std::string> versions;
  uint64_t content_bytes = 0;

  std::string VersionText() const {
    std::string out;
    for (const std::string& version : versions) {
      out += (out.empty() ? "" : ", ") + version;
    }
    return out;
  }
};

std::map<std::string, Package> PackagesOf(const Manifest& manifest) {
  std::map<std::string, Package> out;
  for (const ClosurePath& path : manifest.closure) {
    Package& package = out[path.name];
    package.paths.insert(path.path);
    package.hashes.insert(path.nar_hash);
    package.versions.insert(path.version);
    package.content_bytes += path.size_bytes;
  }
  return out;
}

}  // namespace

const char* ToText(PackageChange::Kind kind) {
  static constexpr std::array kTexts = {"added", "removed", "changed", "rebuilt"};
  return kTexts.at(static_cast<size_t>(kind));
}

std::vector<PackageChange> ComparePackages(const Manifest& from, const Manifest& to) {
  using Kind = PackageChange::Kind;
  std::map<std::string, std::pair<Package, Package>> both;
  for (auto& [name, package] : PackagesOf(from)) {
    both[name].first = package;
  }
  for (auto& [name, package] : PackagesOf(to)) {
    both[name].second = package;
  }
  std::vector<PackageChange> out;
  for (const auto& [name, pair] : both) {
    const auto& [old, now] = pair;
    if (old.paths == now.paths && old.versions == now.versions && old.hashes == now.hashes) {
      continue;
    }
    const Kind kind = old.paths.empty()              ? Kind::kAdded
                      : now.paths.empty()            ? Kind::kRemoved
                      : old.versions == now.versions ? Kind::kRebuilt
                                                     : Kind::kChanged;
    out.push_back(
        {kind, name, old.VersionText(), now.VersionText(), old.content_bytes, now.content_bytes});
  }
  return out;
}

}  // namespace images
