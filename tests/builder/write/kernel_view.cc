#include "tests/builder/write/kernel_view.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace tests {
namespace {

using builder::Node;

class Difference : public std::exception {
 public:
  explicit Difference(std::string what) : what_(std::move(what)) {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

[[noreturn]] void FailedCall(const std::string& call, const std::string& path) {
  throw Difference(fmt::format("{}: {}: {}", path.substr(0, 300), call, std::strerror(errno)));
}

template <typename T>
void Expect(const T& found, const T& expected, const char* what, const std::string& path) {
  if (found != expected) {
    throw Difference(fmt::format("{}: {} is {}, expected {}", path, what, found, expected));
  }
}

mode_t TypeOf(Node::Kind kind) {
  static const std::map<Node::Kind, mode_t> kTypes = {
      {Node::Kind::kDirectory, S_IFDIR},   {Node::Kind::kFile, S_IFREG},
      {Node::Kind::kSymlink, S_IFLNK},     {Node::Kind::kCharDevice, S_IFCHR},
      {Node::Kind::kBlockDevice, S_IFBLK}, {Node::Kind::kFifo, S_IFIFO},
      {Node::Kind::kSocket, S_IFSOCK}};
  return kTypes.at(kind);
}

std::set<std::string> NamesIn(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (directory == nullptr) {
    FailedCall("opendir", path);
  }
  std::set<std::string> out;
  while (const dirent* entry = ::readdir(directory.get())) {
    out.emplace(entry->d_name);
  }
  out.erase(".");
  out.erase("..");
  return out;
}

std::map<std::string, std::string> XattrsOf(const std::string& path) {
  static std::vector<char> buffer(1 << 17);
  const ssize_t length = ::llistxattr(path.c_str(), buffer.data(), buffer.size());
  if (length < 0) {
    FailedCall("llistxattr", path);
  }
  const std::string names(buffer.data(), static_cast<size_t>(length));
  std::map<std::string, std::string> out;
  for (size_t at = 0; at < names.size(); at = names.find('\0', at) + 1) {
    const std::string name(&names[at]);
    const ssize_t size = ::lgetxattr(path.c_str(), name.c_str(), buffer.data(), buffer.size());
    if (size < 0) {
      FailedCall("lgetxattr " + name, path);
    }
    out.emplace(name, std::string(buffer.data(), static_cast<size_t>(size)));
  }
  return out;
}

void CompareContent(const Node& node, const std::string& path) {
  constexpr size_t kPiece = 4 << 20;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    FailedCall("open", path);
  }
  const std::unique_ptr<const int, void (*)(const int*)> closer(&fd,
                                                                [](const int* p) { ::close(*p); });
  std::vector<uint8_t> found(std::min<uint64_t>(kPiece, node.size_bytes));
  for (uint64_t at = 0; at < node.size_bytes; at += kPiece) {
    const size_t length = std::min<uint64_t>(kPiece, node.size_bytes - at);
    if (::pread(fd, found.data(), length, static_cast<off_t>(at)) != static_cast<ssize_t>(length)) {
      FailedCall("pread", path);
    }
    const std::vector<uint8_t> expected = node.Read(at, length);
    if (std::memcmp(found.data(), expected.data(), length) != 0) {
      throw Difference(fmt::format("{}: other content from {} on", path, at));
    }
  }
}

class View {
 public:
  void Compare(const Node& node, const std::string& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) {
      FailedCall("lstat", path);
    }
    CompareStat(node, found, path);
    if (node.kind != Node::Kind::kDirectory &&
        !inode_of_.emplace(&node, found.st_ino).second) {  // another name of what was compared
      Expect(found.st_ino, inode_of_.at(&node), "inode number", path);
      return;
    }
    if (!inodes_.insert(found.st_ino).second) {
      throw Difference(path + ": the same inode as another file");
    }
    Expect(XattrsOf(path) == builder::Xattrs::Map(node.xattrs), true, "attributes as expected", path);
    if (node.kind == Node::Kind::kFile) {
      CompareContent(node, path);
    } else if (node.kind == Node::Kind::kSymlink) {
      std::string target(4096, '\0');
      const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
      target.resize(length < 0 ? 0 : static_cast<size_t>(length));
      Expect(target, std::string(node.text()), "target", path);
    } else if (node.kind == Node::Kind::kDirectory) {
      CompareChildren(node, path);
    }
  }

  void CountNames(const Node& node) {
    ++names_[&node];
    for (const auto& child : node.children) {
      CountNames(*child.second);
    }
  }

 private:
  void CompareStat(const Node& node, const struct stat& found, const std::string& path) const {
    Expect(found.st_mode & S_IFMT, TypeOf(node.kind), "type", path);
    Expect(found.st_mode & 07777U, node.permissions, "mode", path);
    Expect(found.st_uid, node.uid, "owner", path);
    Expect(found.st_gid, node.gid, "group", path);
    Expect<int64_t>(found.st_mtim.tv_sec, node.mtime_seconds, "time", path);
    Expect<int64_t>(found.st_mtim.tv_nsec, node.mtime_nanoseconds, "nanoseconds", path);
    nlink_t links = names_.at(&node);
    if (node.kind == Node::Kind::kDirectory) {
      links = 2 + static_cast<nlink_t>(std::count_if(
                      node.children.begin(), node.children.end(),
                      [](const auto& c) { return c.second->kind == Node::Kind::kDirectory; }));
    } else {
      Expect<uint64_t>(static_cast<uint64_t>(found.st_size),
                       node.kind == Node::Kind::kSymlink ? node.text().size() : node.size_bytes,
                       "size", path);
      Expect(found.st_rdev, node.device, "device number", path);
    }
    Expect(found.st_nlink, links, "link count", path);
  }

  void CompareChildren(const Node& node, const std::string& path) {
    const std::set<std::string> found = NamesIn(path);
    Expect(found.size(), node.children.size(), "number of entries", path);
    for (const auto& [name, child] : node.children) {
      const std::string own(name);
      Expect(found.count(own), size_t{1}, ("entries called " + own).c_str(), path);
      Compare(*child, path + "/" + own);
    }
  }

  std::map<const Node*, nlink_t> names_;
  std::map<const Node*, ino_t> inode_of_;
  std::set<ino_t> inodes_;
};

}  // namespace

std::string DifferenceFromKernel(const builder::Tree& tree, const std::string& mount) {
  try {
    View view;
    view.CountNames(tree.root());
    view.Compare(tree.root(), mount);
    return "";
  } catch (const Difference& difference) {
    return difference.what();
  }
}

}  // namespace tests
