#include "builder/tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's limit in one path resolution

// Read-only, the same for everybody: whoever may read it is decided by the unit, not by the
// builder's umask.
mode_t Permissions(const struct stat& found) {
  if (S_ISDIR(found.st_mode)) {
    return 0755;
  }
  return (found.st_mode & 0111) != 0 ? 0555 : 0444;
}

void FillFromDisk(const std::string& source, Node& node);

void FillDirectory(const std::string& source, Node& node) {
  node.kind = Node::Kind::kDirectory;
  for (const std::string& name : base::ListDirectory(source)) {
    auto child = std::make_unique<Node>();
    FillFromDisk(source + "/" + name, *child);
    node.children.emplace(name, std::move(child));
  }
}

void FillFromDisk(const std::string& source, Node& node) {
  const std::optional<struct stat> found = base::LstatIfThere(source);
  if (!found) {
    base::Fail(base::Code::kFailed, "{} is missing", source);
  }
  node.permissions = Permissions(*found);
  if (S_ISDIR(found->st_mode)) {
    FillDirectory(source, node);
  } else if (S_ISREG(found->st_mode)) {
    base::OpenForReading(
        source);  // fails here, with its name, rather than in the middle of writing
    node.kind = Node::Kind::kFile;
    node.source_path = source;
    node.size_bytes = static_cast<uint64_t>(found->st_size);
  } else if (S_ISLNK(found->st_mode)) {
    node.kind = Node::Kind::kSymlink;
    node.permissions = 0777;
    node.target = base::ReadLinkIfThere(source).value_or("");
  } else {
    base::Fail(base::Code::kFailed, "{} is neither a file, a directory nor a symbolic link",
               source);
  }
}

}  // namespace

std::vector<uint8_t> Node::Read(uint64_t offset, size_t length) const {
  if (literal) {
    const base::Bytes all = base::AsBytes(*literal);
    const base::Bytes part = all.subspan(offset, length);
    return {part.begin(), part.end()};
  }
  const base::UniqueFd fd = base::OpenForReading(source_path);
  std::vector<uint8_t> out = base::PRead(fd.get(), offset, length, source_path);
  if (out.size() != length) {
    base::Fail(base::Code::kFailed, "{} changed while it was read; build again when it is at rest",
               source_path);
  }
  return out;
}

uint64_t Node::ContentBytes() const {
  uint64_t total = size_bytes;
  for (const auto& child : children) {
    total += child.second->ContentBytes();
  }
  return total;
}

Tree::Tree() : root_(std::make_unique<Node>()) {}

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

Node& Tree::MakeDirectory(const std::string& path) {
  Node* node = root_.get();
  for (const std::string& name : PathComponents(path)) {
    std::unique_ptr<Node>& child = node->children[name];
    if (child == nullptr) {
      child = std::make_unique<Node>();
    }
    node = child.get();
    if (node->kind != Node::Kind::kDirectory) {
      base::Fail(base::Code::kFailed,
                 "cannot put {} into the image: {} is there and is no directory", path, name);
    }
  }
  return *node;
}

Node& Tree::Insert(const std::string& path, Node::Kind kind) {
  Node& parent = MakeDirectory(base::ParentOf(path));
  const auto [place, inserted] = parent.children.emplace(base::BaseName(path), nullptr);
  if (!inserted) {
    base::Fail(base::Code::kFailed, "cannot put {} into the image: it is there already", path);
  }
  place->second = std::make_unique<Node>();
  place->second->kind = kind;
  return *place->second;
}

void Tree::AddSymlink(const std::string& path, const std::string& target) {
  Node& node = Insert(path, Node::Kind::kSymlink);
  node.permissions = 0777;
  node.target = target;
}

void Tree::AddLiteral(const std::string& path, std::string content, mode_t permissions) {
  Node& node = Insert(path, Node::Kind::kFile);
  node.permissions = permissions;
  node.size_bytes = content.size();
  node.literal = std::move(content);
}

void Tree::AddFromDisk(const std::string& source, const std::string& path) {
  FillFromDisk(source, Insert(path, Node::Kind::kDirectory));
}

const Node* Tree::Find(const std::string& path) const {
  const Node* node = root_.get();
  for (const std::string& name : PathComponents(path)) {
    const auto child = node->children.find(name);
    if (child == node->children.end()) {
      return nullptr;
    }
    node = child->second.get();
  }
  return node;
}

const Node* Tree::Resolve(const std::string& path) const {
  std::vector<std::string> rest = PathComponents(path);
  std::reverse(rest.begin(), rest.end());
  std::vector<const Node*> walked = {root_.get()};
  int links = 0;
  while (!rest.empty()) {
    const std::string name = rest.back();
    rest.pop_back();
    if (name == ".") {
      continue;
    }
    if (name == "..") {
      walked.resize(std::max<size_t>(walked.size() - 1, 1));
      continue;
    }
    const auto child = walked.back()->children.find(name);
    if (child == walked.back()->children.end()) {
      return nullptr;
    }
    const Node* node = child->second.get();
    if (node->kind != Node::Kind::kSymlink) {
      walked.push_back(node);
      continue;
    }
    if (++links > kMaxLinks) {
      return nullptr;
    }
    if (node->target.starts_with('/')) {
      walked.resize(1);
    }
    const std::vector<std::string> target = PathComponents(node->target);
    rest.insert(rest.end(), target.rbegin(), target.rend());
  }
  return walked.back();
}

}  // namespace builder
