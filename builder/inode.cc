#include "builder/inode.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace builder {
namespace {

constexpr std::string_view kStore = "/nix/store/";
constexpr size_t kHashAndDash = 33;

// A node under one of its names.
struct Found {
  std::string path;
  std::string without_hash;  // in the store: the path without the store path's hash
  const Node* node;

  const std::string& key() const { return without_hash.empty() ? path : without_hash; }
};

bool operator<(const Found& a, const Found& b) {
  if (const int order = a.key().compare(b.key()); order != 0) {
    return order < 0;
  }
  return std::pair(a.path.size(), std::string_view(a.path)) <
         std::pair(b.path.size(), std::string_view(b.path));
}

void Collect(const Node& node, std::string path, std::vector<Found>& out) {
  std::string without_hash;
  if (path.starts_with(kStore) && path.size() >= kStore.size() + kHashAndDash) {
    without_hash = path.substr(0, kStore.size()) + path.substr(kStore.size() + kHashAndDash);
  }
  for (const auto& [name, child] : node.children) {
    Collect(*child, path + "/" + name, out);
  }
  out.push_back({std::move(path), std::move(without_hash), &node});
}

}  // namespace

std::vector<Inode> InodesOf(const Tree& tree) {
  std::vector<Found> found;
  Collect(tree.root(), "", found);
  std::sort(found.begin(), found.end());
  std::vector<Inode> out;
  std::unordered_map<const Node*, size_t> index_of;
  for (const Found& one : found) {
    const auto [index, is_new] = index_of.emplace(one.node, out.size());
    if (is_new) {
      out.emplace_back();
      out.back().node = one.node;
    }
    ++out[index->second].names;
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

std::string PathOf(const std::vector<Inode>& inodes, const Inode& inode) {
  const Inode& parent = inodes[inode.parent];
  for (const auto& [name, child] : parent.node->children) {
    if (child.get() == inode.node) {
      return (&parent == &inodes[0] ? "" : PathOf(inodes, parent)) + "/" + name;
    }
  }
  return "/";
}

}  // namespace builder
