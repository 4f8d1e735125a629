#include "builder/image_difference.h"

#include <map>
#include <set>
#include <unordered_set>

namespace builder {
namespace {

// All paths of one package name: an image may hold several versions of it.
struct Package {
  std::set<std::string> paths;
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

std::map<std::string, Package> PackagesOf(const images::Manifest& manifest) {
  std::map<std::string, Package> out;
  for (const images::ClosurePath& path : manifest.closure) {
    Package& package = out[path.name];
    package.paths.insert(path.path);
    package.versions.insert(path.version);
    package.content_bytes += path.size_bytes;
  }
  return out;
}

std::vector<PackageChange> ComparePackages(const images::Manifest& from,
                                           const images::Manifest& to) {
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
    if (old.paths == now.paths) {
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

}  // namespace

ImageDifference Compare(const images::ImageDirectory& from, const images::ImageDirectory& to) {
  ImageDifference out;
  out.packages = ComparePackages(from.manifest(), to.manifest());
  std::unordered_set<chunker::ChunkId> seen;
  const chunker::ChunkIndex old = from.ReadIndex();
  for (const chunker::Chunk& chunk : old.chunks()) {
    seen.insert(chunk.id);
  }
  const chunker::ChunkIndex index = to.ReadIndex();
  out.chunks = index.chunks().size();
  for (const chunker::Chunk& chunk : index.chunks()) {
    if (seen.insert(chunk.id).second) {
      ++out.missing_chunks;
      out.missing_bytes += chunk.size_bytes;
    }
  }
  return out;
}

}  // namespace builder
