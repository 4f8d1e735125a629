#include "builder/contents/package_records.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace builder {
namespace {

bool IsWholeRoot(const Package& package) { return package.entry.path == "/"; }

uint64_t CountFilesOf(const Package& package, const Tree& tree) {
  uint64_t out = 0;
  for (const std::string& path : package.paths) {
    out += CountFilesAt(path, tree);
  }
  return out;
}

std::vector<std::string> FilesOfDebianPackages(const Closure& closure) {
  std::vector<std::string> out;
  for (const Package& package : closure.packages) {
    if (package.origin.type == "deb") {
      out.insert(out.end(), package.paths.begin(), package.paths.end());
    }
  }
  return out;
}

}  // namespace

PackageRecords::PackageRecords(const Closure& closure, const Tree& tree)
    : inventory_(tree, closure.packages.size() == 1 && IsWholeRoot(closure.packages.front()),
                 FilesOfDebianPackages(closure)) {
  for (const Package& package : closure.packages) {
    if (!IsWholeRoot(package)) {
      files_before_[package.entry.path] = CountFilesOf(package, tree);
    }
  }
}

void PackageRecords::AddTo(Closure& closure, const Tree& tree) const {
  for (const Package& package : closure.packages) {
    if (!IsWholeRoot(package)) {
      const images::ClosurePath& entry = package.entry;
      const uint64_t before = files_before_.at(entry.path);
      const uint64_t files = std::min(before, CountFilesOf(package, tree));
      closure.records.push_back(
          {package.origin, entry.name, entry.version, entry.path, files, before - files});
    }
  }
  for (PackageRecord& record : inventory_.RecordsIn(tree)) {
    closure.records.push_back(std::move(record));
  }
  if (closure.distribution.id.empty()) {
    closure.distribution = inventory_.distribution();
  }
  closure.unread_database = inventory_.unread();
}

}  // namespace builder
