#include "builder/erofs/inode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <string_view>

namespace builder {
namespace {

constexpr std::string_view kStore = "/nix/store/";
constexpr size_t kHashAndDash = 33;
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

// What the names in a directory are ordered by: the path; in the store, the path without the store
// path's hash, then NUL and the hash, which decides only where all else is equal.
struct Key {
  std::string start;
  std::string end;
};

Key KeyOf(const std::string& path) {
  const size_t rest = kStore.size() + kHashAndDash;
  if (!path.starts_with(kStore) || path.size() < rest) {
    return {path, ""};
  }
  return {std::string(kStore) + path.substr(rest),
          std::string(1, '\0') + path.substr(kStore.size(), kHashAndDash)};
}

// A node under one of its names. Its key is `folder`'s with the name in the middle: a key for each
// would take more memory than the tree.
struct Found {
  const Key* folder;
  std::string_view name;
  const Node* node;
};

// As std::string would compare the parts, one after the other.
bool ComesBefore(const Found& a, const Found& b) {
  std::array<std::string_view, 3> left = {a.folder->start, a.name, a.folder->end};
  std::array<std::string_view, 3> right = {b.folder->start, b.name, b.folder->end};
  if (a.folder == b.folder) {
    left[0] = right[0] = "";
  }
  for (size_t i = 0, j = 0;;) {
    const size_t common = std::min(left[i].size(), right[j].size());
    if (const int order = left[i].substr(0, common).compare(right[j].substr(0, common));
        order != 0) {
      return order < 0;
    }
    left[i].remove_prefix(common);
    right[j].remove_prefix(common);
    while (i < left.size() && left[i].empty()) {
      ++i;
    }
    while (j < right.size() && right[j].empty()) {
      ++j;
    }
    if (i == left.size() || j == right.size()) {
      return i == left.size() && j < right.size();
    }
  }
}

class Collector {
 public:
  explicit Collector(const Node& root) {
    found_.reserve(CountOf(root));
    Collect(root, "", {&keys_.emplace_back(), "", &root});
  }
  std::vector<Found> Sorted() && {
    std::sort(found_.begin(), found_.end(), ComesBefore);
    return std::move(found_);
  }

 private:
  static size_t CountOf(const Node& node) {
    size_t out = 1;
    for (const auto& child : node.children) {
      out += CountOf(*child.second);
    }
    return out;
  }

  void Collect(const Node& node, const std::string& path, const Found& found) {
    node.inode = kNone;
    found_.push_back(found);
    if (node.children.empty()) {
      return;
    }
    const std::string prefix = path + "/";
    const Key* const key = &keys_.emplace_back(KeyOf(prefix));
    // Names may be a part of what is cut off.
    const bool is_short = prefix.starts_with(kStore) && key->end.empty();
    for (const auto& [name, child] : node.children) {
      const std::string below = prefix + std::string(name);
      if (is_short) {
        Collect(*child, below, {&keys_.emplace_back(KeyOf(below)), "", child});
      } else {
        Collect(*child, below, {key, name, child});
      }
    }
  }

  std::deque<Key> keys_;
  std::vector<Found> found_;
};

}  // namespace

std::vector<Inode> InodesOf(const Tree& tree) {
  Collector collector(tree.root());
  const std::vector<Found> found = std::move(collector).Sorted();
  std::vector<Inode> out;
  out.reserve(found.size() + 1);  // the packed inode comes later
  for (const Found& one : found) {
    if (one.node->inode == kNone) {
      one.node->inode = static_cast<uint32_t>(out.size());
      out.emplace_back().node = one.node;
    }
    ++out[one.node->inode].names;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    for (const auto& child : out[i].node->children) {
      out[child.second->inode].parent = static_cast<uint32_t>(i);
    }
  }
  return out;
}

std::string PathOf(const std::vector<Inode>& inodes, const Inode& inode) {
  const Inode& parent = inodes[inode.parent];
  for (const auto& [name, child] : parent.node->children) {
    if (child == inode.node) {
      return fmt::format("{}/{}", &parent == &inodes[0] ? "" : PathOf(inodes, parent), name);
    }
  }
  return "/";
}

}  // namespace builder
