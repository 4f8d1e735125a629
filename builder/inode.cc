#include "builder/inode.h"

#include <algorithm>
#include <utility>

namespace builder {
namespace {

constexpr std::string_view kStore = "/nix/store/";
constexpr size_t kHashAndDash = 33;

// The path without the hash of a store path, then the hash, so that no two are equal.
std::pair<std::string, std::string> SortKey(const std::string& path) {
  if (!path.starts_with(kStore) || path.size() < kStore.size() + kHashAndDash) {
    return {path, ""};
  }
  return {path.substr(0, kStore.size()) + path.substr(kStore.size() + kHashAndDash),
          path.substr(kStore.size(), kHashAndDash)};
}

struct Found {
  std::pair<std::string, std::string> key;
  std::string path;
  const Node* node;
};

void Collect(const Node& node, const std::string& path, std::vector<Found>& out) {
  out.push_back({SortKey(path), path, &node});
  for (const auto& [name, child] : node.children) {
    Collect(*child, path + "/" + name, out);
  }
}

}  // namespace

std::vector<Inode> InodesOf(const Tree& tree) {
  std::vector<Found> found;
  Collect(tree.root(), "", found);
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.key < b.key; });
  std::vector<Inode> out(found.size());
  std::map<const Node*, size_t> index_of;
  for (size_t i = 0; i < found.size(); ++i) {
    out[i].node = found[i].node;
    out[i].path = std::move(found[i].path);
    index_of.emplace(found[i].node, i);
  }
  for (size_t i = 0; i < out.size(); ++i) {
    for (const auto& child : out[i].node->children) {
      const size_t index = index_of.at(child.second.get());
      out[i].children.push_back(index);
      out[index].parent = i;
    }
  }
  return out;
}

}  // namespace builder
