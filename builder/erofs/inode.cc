#include "builder/erofs/inode.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace builder {
namespace {

constexpr std::string_view kStore = "/nix/store/";
constexpr size_t kHashAndDash = 33;

// A node under one of its names.
struct Found {
  // The path; in the store, the path without the store path's hash, then NUL and the hash: the hash
  // decides only where all else is equal.
  std::string key;
  const Node* node;
};

std::string KeyOf(const std::string& path) {
  const size_t rest = kStore.size() + kHashAndDash;
  if (!path.starts_with(kStore) || path.size() < rest) {
    return path;
  }
  std::string out(kStore);
  out.append(path, rest);
  out += '\0';
  out.append(path, kStore.size(), kHashAndDash);
  return out;
}

void Collect(const Node& node, const std::string& path, std::vector<Found>& out) {
  for (const auto& [name, child] : node.children) {
    Collect(*child, path + "/" + name, out);
  }
  out.push_back({KeyOf(path), &node});
}

}  // namespace

std::vector<Inode> InodesOf(const Tree& tree) {
  std::vector<Found> found;
  Collect(tree.root(), "", found);
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.key < b.key; });
  std::vector<Inode> out;
  out.reserve(found.size() + 1);  // the packed inode comes later
  std::unordered_map<const Node*, size_t> index_of;
  for (Found& one : found) {
    const auto [index, is_new] = index_of.emplace(one.node, out.size());
    if (is_new) {
      out.emplace_back();
      out.back().node = one.node;
    }
    ++out[index->second].names;
    std::string().swap(one.key);  // its memory is for what comes
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
