#include "builder/source/data_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/source/debian_packages.h"
#include "builder/tree/sysroot.h"
#include "images/definition/content_sets.h"

namespace builder {
namespace {

struct DataSet {
  const char* name;
  const char* package;              // Debian's
  const char* packaged;             // a file of it
  const char* in_image;             // where it stands there
  std::vector<const char*> places;  // on machines; the first that is there counts
  std::vector<const char*> left_out;
  const char* variable;  // that names it to programs which look elsewhere; null: none
};

const std::vector<DataSet>& DataSets() {
  static const std::vector<DataSet> kSets = {
      {"certificates",
       "ca-certificates",
       "/usr/sbin/update-ca-certificates",
       kCertificateFiles[0],
       {kCertificateFiles.begin(), kCertificateFiles.end()},
       {},
       "SSL_CERT_FILE"},
      // Without the machine's own zone, and each zone once more: under an older name, and for
      // clocks that count leap seconds.
      {"zoneinfo",
       "tzdata",
       "/usr/share/zoneinfo/tzdata.zi",
       "/usr/share/zoneinfo",
       {"/usr/share/zoneinfo"},
       {"localtime", "posix", "right"},
       nullptr}};
  return kSets;
}

void AddTo(Tree& tree, const DataSet& set, const std::string& file) {
  if (tree.Resolve(set.in_image) != nullptr) {
    base::Fail(base::ExitCode::kUsage,
               "contents.sets: the source has {} itself: leave the set '{}' out", set.in_image,
               set.name);
  }
  const std::string place = tree.WithoutLinks(set.in_image);
  tree.AddFromDisk(file, place);
  for (const char* name : set.left_out) {
    tree.Find(place)->children.Erase(name);
  }
}

// A line for each file, as for packages of ELF sources.
void AddDigests(const Node& node, const std::string& path, std::string& out) {
  if (node.kind == Node::Kind::kFile) {
    out += fmt::format("{}  {}\n", base::Sha256OfFile(node.SourcePath()).ToHex(), path);
  }
  for (const auto& [name, child] : node.children) {
    AddDigests(*child, fmt::format("{}/{}", path, name), out);
  }
}

std::string HashOf(const Tree& tree, const DataSet& set) {
  std::string digests;
  AddDigests(*tree.Find(set.in_image), set.in_image, digests);
  return "sha256:" + base::Sha256Of(digests).ToHex();
}

bool HasAnything(const Node* node) {
  return node != nullptr &&
         (node->kind != Node::Kind::kDirectory ||
          std::any_of(node->children.begin(), node->children.end(),
                      [](const auto& child) { return HasAnything(child.second); }));
}

bool IsWholeRoot(const Closure& closure) {
  return closure.packages.size() == 1 && closure.packages.front().entry.path == "/";
}

void AddSet(const DataSet& set, const Exclusions& excluded, const Sysroot& root, Closure& closure) {
  std::optional<std::string> found;
  for (const char* place : set.places) {
    found = found ? found : root.Resolve(place);
  }
  if (!found) {
    closure.problems.Add(base::ExitCode::kFailed,
                         "contents.sets: this machine has no {}, which the set '{}' is: install "
                         "the package {}",
                         set.in_image, set.name, set.package);
    return;
  }
  const std::string file = root.OnDisk(*found);
  Tree alone;
  AddTo(alone, set, file);
  images::ClosurePath entry{set.in_image, HashOf(alone, set), 0, {}, set.package, ""};
  excluded.Apply(alone);
  if (!HasAnything(alone.Find(set.in_image))) {
    return;
  }
  const auto owners = DebianPackagesOf(root, {set.packaged});
  const auto owner = owners.find(set.packaged);
  entry.version = owner == owners.end() ? "" : owner->second.version;
  closure.sets.emplace(set.name, entry.name + (entry.version.empty() ? "" : " " + entry.version));
  if (!IsWholeRoot(closure)) {
    closure.packages.push_back({std::move(entry), {set.in_image}, {}, {"generic", "", "", ""}});
    std::sort(closure.packages.begin(), closure.packages.end(),
              [](const Package& a, const Package& b) { return a.entry.path < b.entry.path; });
  } else {
    closure.records.push_back(
        {{"generic", "", "", ""}, entry.name, entry.version, entry.path, std::nullopt});
  }
  closure.fill = [fill = closure.fill, set, file](Tree& tree) {
    fill(tree);
    AddTo(tree, set, file);
  };
  if (set.variable != nullptr) {
    closure.service.environment.emplace(set.variable, set.in_image);
  }
}

}  // namespace

void AddDataSets(const std::optional<std::vector<std::string>>& sets, const Exclusions& excluded,
                 const std::string& root, Closure& closure) {
  for (const DataSet& set : DataSets()) {
    if (images::TakesSet(sets, set.name)) {
      AddSet(set, excluded, Sysroot(root), closure);
    }
  }
}

}  // namespace builder
