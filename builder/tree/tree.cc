#include "builder/tree/tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's limit in one path resolution

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

uint64_t ContentBytesOf(const Node& node, std::set<const Node*>& counted) {
  uint64_t total = node.size_bytes;
  for (const auto& [name, child] : node.children) {
    const bool may_come_again = child->kind != Node::Kind::kDirectory && child.use_count() > 1;
    if (!may_come_again || counted.insert(child.get()).second) {
      total += ContentBytesOf(*child, counted);
    }
  }
  return total;
}

mode_t KindBits(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kDirectory:
      return S_IFDIR;
    case Node::Kind::kSymlink:
      return S_IFLNK;
    case Node::Kind::kCharDevice:
      return S_IFCHR;
    case Node::Kind::kBlockDevice:
      return S_IFBLK;
    case Node::Kind::kFifo:
      return S_IFIFO;
    case Node::Kind::kSocket:
      return S_IFSOCK;
    case Node::Kind::kFile:
      break;
  }
  return S_IFREG;
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

mode_t Node::Mode() const { return KindBits(kind) | permissions; }

void Node::ReadInto(std::span<uint8_t> out, uint64_t offset) const {
  if (literal) {
    const base::Bytes part = base::AsBytes(*literal).subspan(offset, out.size());
    std::copy(part.begin(), part.end(), out.begin());
    return;
  }
  if (out.empty()) {
    return;
  }
  const base::UniqueFd fd = base::OpenForReading(source_path);
  const size_t read = base::PReadInto(fd.get(), out, offset, source_path);
  const timespec now = base::Fstat(fd.get(), source_path).st_mtim;
  const timespec then = source_time.value_or(now);
  if (read != out.size() || now.tv_sec != then.tv_sec || now.tv_nsec != then.tv_nsec) {
    base::Fail(base::ExitCode::kFailed, "{} changed while it was read; build again", source_path);
  }
}

std::vector<uint8_t> Node::Read(uint64_t offset, size_t length) const {
  std::vector<uint8_t> out(length);
  ReadInto(out, offset);
  return out;
}

uint64_t Node::ContentBytes() const {
  std::set<const Node*> counted;
  return ContentBytesOf(*this, counted);
}

Tree::Tree() : time_seconds_(SourceDateEpoch()), root_(NewNode(Node::Kind::kDirectory)) {}

std::shared_ptr<Node> Tree::NewNode(Node::Kind kind) const {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->mtime_seconds = time_seconds_;
  return node;
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
  Node* node = root_.get();
  for (const std::string& name : names) {
    std::shared_ptr<Node>& child = node->children[name];
    if (child == nullptr) {
      child = NewNode(Node::Kind::kDirectory);
    }
    node = child.get();
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

Node& Tree::Put(const std::string& path, std::shared_ptr<Node> node) {
  const std::vector<std::string> names = CheckedComponents(path);
  if (!names.empty()) {
    Node& parent = Directory(std::span(names).first(names.size() - 1), path);
    const auto [place, is_new] = parent.children.emplace(names.back(), std::move(node));
    if (is_new) {
      return *place->second;
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
  std::shared_ptr<Node> node = NewNode(Node::Kind::kSymlink);
  node->permissions = 0777;
  node->target = target;
  return Put(path, std::move(node));
}

Node& Tree::AddLiteral(const std::string& path, std::string content, mode_t permissions) {
  std::shared_ptr<Node> node = NewNode(Node::Kind::kFile);
  node->permissions = permissions;
  node->size_bytes = content.size();
  node->literal = std::move(content);
  return Put(path, std::move(node));
}

Node& Tree::AddSpecial(const std::string& path, Node::Kind kind, mode_t permissions, dev_t device) {
  std::shared_ptr<Node> node = NewNode(kind);
  node->permissions = permissions;
  node->device = device;
  return Put(path, std::move(node));
}

void Tree::AddHardLink(const std::string& path, const std::string& existing) {
  std::shared_ptr<Node> node = Shared(existing);
  if (node == nullptr || node->kind == Node::Kind::kDirectory) {
    base::Fail(base::ExitCode::kFailed, "cannot make {} a hard link to {}: {}", path, existing,
               node == nullptr ? "that is not in the image" : "that is a directory");
  }
  Put(path, std::move(node));
}

std::shared_ptr<Node> Tree::Shared(const std::string& path) const {
  std::shared_ptr<Node> node = root_;
  for (const std::string& name : PathComponents(path)) {
    const auto child = node->children.find(name);
    if (child == node->children.end()) {
      return nullptr;
    }
    node = child->second;
  }
  return node;
}

const Node* Tree::Find(const std::string& path) const { return Shared(path).get(); }
Node* Tree::Find(const std::string& path) { return Shared(path).get(); }

Tree::Walk Tree::WalkTo(const std::string& path) const {
  std::vector<std::string> rest = PathComponents(path);
  std::reverse(rest.begin(), rest.end());
  Walk out;
  out.nodes = {root_.get()};
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
      const auto child = parent->children.find(name);
      node = child == parent->children.end() ? nullptr : child->second.get();
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
    if (node->target.starts_with('/')) {
      out.names.clear();
      out.nodes.resize(1);
    }
    const std::vector<std::string> target = PathComponents(node->target);
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
