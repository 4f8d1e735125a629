#include "builder/packages/inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "builder/packages/distribution.h"
#include "builder/packages/language_packages.h"
#include "builder/packages/os_packages.h"
#include "builder/packages/program_packages.h"

namespace builder {
namespace {

constexpr uint64_t kMostRecordedBytes = 12 << 20;   // a provenance has at most 16 MiB
constexpr uint64_t kRecordBytes = 300;              // of one, beside its name, version and path
constexpr uint64_t kLeastProgramBytes = 256 << 10;  // of what Go or Rust makes
constexpr uint64_t kMostOsReleaseBytes = 64 << 10;

Distribution DistributionOf(const Tree& tree) {
  for (const char* file : kOsReleaseFiles) {
    if (const Node* node = tree.Resolve(file); node != nullptr) {
      return ParseOsRelease(ContentOf(node, kMostOsReleaseBytes));
    }
  }
  return {};
}

// Finds files by the paths of databases, which may lead through links (/lib/x is /usr/lib/x).
class FileFinder {
 public:
  explicit FileFinder(const Tree& tree) : tree_(tree) {}

  // Where the file really stands; empty: there is none, or a folder.
  std::string Find(const std::string& path) {
    const std::string folder = base::ParentOf(path);
    if (folder != folder_) {  // lists are sorted
      folder_ = folder;
      place_ = PlaceOf(folder);
      node_ = place_.empty() ? nullptr : tree_.Find(place_);
    }
    const size_t slash = path.rfind('/');
    const Node* file =
        node_ == nullptr ? nullptr : node_->children.Find(std::string_view(path).substr(slash + 1));
    return file == nullptr || file->kind == Node::Kind::kDirectory
               ? ""
               : fmt::format("{}/{}", place_ == "/" ? "" : place_, path.substr(slash + 1));
  }

 private:
  std::string PlaceOf(const std::string& folder) const {
    try {
      return base::ParentOf(tree_.WithoutLinks((folder == "/" ? "" : folder) + "/x"));
    } catch (const base::Error&) {
      return "";  // links that lead round in a circle, a path that is none
    }
  }

  const Tree& tree_;
  std::string folder_;
  std::string place_;
  const Node* node_ = nullptr;
};

uint64_t CountFilesOf(const Node& node, bool with_node_modules) {
  uint64_t out = node.kind == Node::Kind::kDirectory ? 0 : 1;
  for (const auto& [name, child] : node.children) {
    if (with_node_modules || name != "node_modules") {
      out += CountFilesOf(*child, with_node_modules);
    }
  }
  return out;
}

// How many files of the package `tree` has; each is given to `use`.
uint64_t CountFiles(const FoundPackage& package, const Tree& tree,
                    const std::function<void(const std::string&)>& use = nullptr) {
  if (!package.folder.empty()) {
    const Node* folder = tree.Find(package.folder);
    return folder == nullptr ? 0 : CountFilesOf(*folder, /*with_node_modules=*/false);
  }
  FileFinder finder(tree);
  std::istringstream lines(package.files);
  uint64_t out = 0;
  std::string next;
  std::getline(lines, next);
  for (std::string line; !lines.fail();) {
    line = std::exchange(next, "");
    std::getline(lines, next);
    // "/lib" before "/lib/x" is a folder, also where it is a link now.
    const bool is_file = line.starts_with('/') && !next.starts_with(line + "/");
    const std::string place = is_file ? finder.Find(line) : "";
    if (!place.empty()) {
      ++out;
      if (use) {
        use(place);
      }
    }
  }
  return out;
}

auto OrderOf(const PackageRecord& record) {
  return std::tie(record.origin.type, record.name, record.version, record.origin.architecture,
                  record.path);
}

}  // namespace

uint64_t CountFilesAt(const std::string& path, const Tree& tree) {
  const Node* node = tree.Find(path);
  return node == nullptr ? 0 : CountFilesOf(*node, /*with_node_modules=*/true);
}

Inventory::Inventory(const Tree& tree, bool whole_root, const std::vector<std::string>& owned) {
  std::set<std::string> theirs(owned.begin(), owned.end());
  if (whole_root) {
    distribution_ = DistributionOf(tree);
    unread_ = UnreadDatabase(tree);
    found_ = ReadOsPackages(tree);
  }
  const auto of_distribution = static_cast<ptrdiff_t>(found_.size());
  ReadBelow("", tree.root(), tree);
  std::set<std::string> records;
  for (auto at = found_.begin() + of_distribution; at != found_.end(); ++at) {
    records.insert(at->record.path);
  }
  for (size_t i = 0; i < found_.size(); ++i) {
    const bool is_os = i < static_cast<size_t>(of_distribution);
    found_[i].files_before = CountFiles(found_[i], tree, [&](const std::string& file) {
      if (is_os && records.contains(file)) {
        theirs.insert(file);
      }
    });
  }
  found_.erase(std::remove_if(found_.begin() + of_distribution, found_.end(),
                              [&](const FoundPackage& package) {
                                return theirs.contains(package.record.path);
                              }),
               found_.end());
  uint64_t recorded_bytes = 0;
  for (size_t i = 0; i < found_.size(); ++i) {
    const PackageRecord& record = found_[i].record;
    recorded_bytes +=
        record.name.size() + record.version.size() + record.path.size() + kRecordBytes;
    if (recorded_bytes > kMostRecordedBytes) {
      unread_ = unread_.value_or(record.path);
      found_.resize(i);
      break;
    }
  }
}

void Inventory::ReadBelow(const std::string& path, const Node& node, const Tree& tree) {
  for (const auto& [name, child] : node.children) {
    const std::string below = fmt::format("{}/{}", path, name);
    if (child->kind == Node::Kind::kDirectory) {
      ReadBelow(below, *child, tree);
    } else if (child->kind == Node::Kind::kFile) {
      if (auto package = ReadLanguagePackage(below, *child, tree)) {
        found_.push_back(*std::move(package));
      }
      if ((child->permissions & 0111) != 0 && child->size_bytes >= kLeastProgramBytes) {
        for (FoundPackage& package : ReadProgramPackages(below, *child)) {
          found_.push_back(std::move(package));
        }
      }
    }
  }
}

std::vector<PackageRecord> Inventory::RecordsIn(const Tree& tree) const {
  std::vector<PackageRecord> out;
  for (const FoundPackage& package : found_) {
    PackageRecord record = package.record;
    if (!package.files.empty() || !package.folder.empty()) {
      record.files = CountFiles(package, tree);
      record.files_left_out = package.files_before - std::min(package.files_before, *record.files);
      if (*record.files == 0) {
        continue;
      }
    }
    out.push_back(std::move(record));
  }
  std::sort(out.begin(), out.end(),
            [](const PackageRecord& a, const PackageRecord& b) { return OrderOf(a) < OrderOf(b); });
  return out;
}

}  // namespace builder
