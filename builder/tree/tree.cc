#include "builder/tree/tree.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's limit in one path resolution

constexpr size_t kNodesAtOnce = 256;  // taken from the system

constexpr size_t kMaxNameBytes = 255;
constexpr size_t kMaxPathBytes = 4095;  // of a link's target too: the kernel reads no longer one

// The components of a path that something may stand at.
std::vector<std::string> CheckedComponents(const std::string& path) {
  if (path.size() > kMaxPathBytes) {
    base::Fail(base::ExitCode::kFailed,
               "cannot put {}... into the image: the path has {} bytes, Linux takes {}",
               path.substr(0, 100), path.size(), kMaxPathBytes);
  }
  std::vector<std::string> names = PathComponents(path);
  for (const std::string& name : names) {
    if (name.size() > kMaxNameBytes || name == "." || name == "..") {
      base::Fail(base::ExitCode::kFailed,
                 "cannot put {} into the image: a name has at most {} bytes and is not '.' or '..'",
                 path, kMaxNameBytes);
    }
  }
  return names;
}

}  // namespace

int64_t SourceDateEpoch() {
  const char* value = std::getenv("SOURCE_DATE_EPOCH");
  if (value == nullptr || *value == '\0') {
    return kImageTimeSeconds;
  }
  const std::string text(value);
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) {
    base::Fail(base::ExitCode::kUsage,
               "SOURCE_DATE_EPOCH is '{}'; set it to a number of seconds since 1970, or unset it",
               text);
  }
  return seconds;
}

Tree::Tree() : time_seconds_(SourceDateEpoch()), root_(&NewNode(Node::Kind::kDirectory)) {}

Node& Tree::NewNode(Node::Kind kind) {
  if (memory_->left == 0) {
    memory_->left = kNodesAtOnce;
    memory_->nodes.push_back(std::make_unique<Node[]>(kNodesAtOnce));
  }
  Node& node = memory_->nodes.back()[kNodesAtOnce - memory_->left--];
  node.kind = kind;
  node.mtime_seconds = time_seconds_;
  return node;
}

std::string_view Tree::Keep(std::string_view text) {
  char* const copy = static_cast<char*>(memory_->texts.allocate(text.size() + 1, 1));
  *std::copy(text.begin(), text.end(), copy) = '\0';
  return {copy, text.size()};
}

std::vector<std::string> PathComponents(const std::string& path) {
  std::vector<std::string> out;
  for (size_t start = 0; start < path.size();) {
    const size_t slash = std::min(path.find('/', start), path.size());
    if (slash > start) {
      out.push_back(path.substr(start, slash - start));
    }
    start = slash + 1;
  }
  return out;
}

Node& Tree::Directory(std::span<const std::string> names, const std::string& path) {
  Node* node = root_;
  for (const std::string& name : names) {
    Node* child = node->children.Find(name);
    if (child == nullptr) {
      child = &NewNode(Node::Kind::kDirectory);
      node->children.Add(Keep(name), child);
    }
    node = child;
    if (node->kind != Node::Kind::kDirectory) {
      base::Fail(base::ExitCode::kFailed,
                 "cannot put {} into the image: {} is there and is no directory", path, name);
    }
  }
  return *node;
}

Node& Tree::MakeDirectory(const std::string& path) {
  return Directory(CheckedComponents(path), path);
}

Node& Tree::Put(const std::string& path, Node& node) {
  const std::vector<std::string> names = CheckedComponents(path);
  if (!names.empty()) {
    Node& parent = Directory(std::span(names).first(names.size() - 1), path);
    if (parent.children.Add(Keep(names.back()), &node)) {
      return node;
    }
  }
  base::Fail(base::ExitCode::kFailed, "cannot put {} into the image: it is there already", path);
}

Node& Tree::AddSymlink(const std::string& path, const std::string& target) {
  if (target.empty() || target.size() > kMaxPathBytes) {
    base::Fail(base::ExitCode::kFailed,
               "cannot put the link {} into the image: its target has {} bytes, "
               "Linux takes 1 to {}",
               path, target.size(), kMaxPathBytes);
  }
  Node& node = NewNode(Node::Kind::kSymlink);
  node.permissions = 0777;
  node.SetText(Keep(target));
  return Put(path, node);
}

Node& Tree::AddLiteral(const std::string& path, std::string_view content, mode_t permissions) {
  Node& node = NewNode(Node::Kind::kFile);
  node.permissions = permissions;
  node.SetText(Keep(content));
  return Put(path, node);
}

Node& Tree::AddSpecial(const std::string& path, Node::Kind kind, mode_t permissions, dev_t device) {
  Node& node = NewNode(kind);
  node.permissions = permissions;
  node.device = device;
  return Put(path, node);
}

void Tree::AddHardLink(const std::string& path, const std::string& existing) {
  Node* const node = Find(existing);
  if (node == nullptr || node->kind == Node::Kind::kDirectory) {
    base::Fail(base::ExitCode::kFailed, "cannot make {} a hard link to {}: {}", path, existing,
               node == nullptr ? "that is not in the image" : "that is a directory");
  }
  node->may_have_more_names = true;
  Put(path, *node);
}

const Node* Tree::Find(const std::string& path) const {
  const Node* node = root_;
  for (const std::string& name : PathComponents(path)) {
    node = node->children.Find(name);
    if (node == nullptr) {
      return nullptr;
    }
  }
  return node;
}

Node* Tree::Find(const std::string& path) {
  return const_cast<Node*>(std::as_const(*this).Find(path));
}

Tree::Walk Tree::WalkTo(const std::string& path) const {
  std::vector<std::string> rest = PathComponents(path);
  std::reverse(rest.begin(), rest.end());
  Walk out;
  out.nodes = {root_};
  int links = 0;
  while (!rest.empty()) {
    const std::string name = std::exchange(rest.back(), "");
    rest.pop_back();
    if (name == ".") {
      continue;
    }
    if (name == "..") {
      out.left_the_tree = out.left_the_tree || out.nodes.back() == nullptr;
      out.nodes.resize(std::max<size_t>(out.nodes.size() - 1, 1));
      out.names.resize(out.nodes.size() - 1);
      continue;
    }
    const Node* node = nullptr;
    if (const Node* parent = out.nodes.back()) {
      node = parent->children.Find(name);
    }
    if (node == nullptr || node->kind != Node::Kind::kSymlink) {
      out.names.push_back(name);
      out.nodes.push_back(node);
      continue;
    }
    if (++links > kMaxLinks) {
      out.loop = true;
      return out;
    }
    if (node->text().starts_with('/')) {
      out.names.clear();
      out.nodes.resize(1);
    }
    const std::vector<std::string> target = PathComponents(std::string(node->text()));
    rest.insert(rest.end(), target.rbegin(), target.rend());
  }
  return out;
}

const Node* Tree::Resolve(const std::string& path, bool* loop) const {
  const Walk walk = WalkTo(path);
  if (loop != nullptr && walk.loop) {
    *loop = true;
  }
  return walk.loop || walk.left_the_tree ? nullptr : walk.nodes.back();
}

std::string Tree::WithoutLinks(const std::string& path) const {
  if (PathComponents(path).empty()) {
    return "/";
  }
  const Walk walk = WalkTo(base::ParentOf(path));
  if (walk.loop) {
    base::Fail(base::ExitCode::kFailed,
               "cannot put {} into the image: links on the way lead round in a circle", path);
  }
  std::string out;
  for (const std::string& name : walk.names) {
    out += "/" + name;
  }
  return out + "/" + base::BaseName(path);
}

}  // namespace builder
