// Tree::AddFromDisk: what lstat, readlink and the extended attributes say becomes nodes.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "builder/tree/tree.h"

namespace builder {
namespace {

constexpr mode_t kAllMayRead = S_IRUSR | S_IRGRP | S_IROTH;

// The answer of a call that says how much room it needs, which may grow between two calls.
template <typename Call>
std::optional<std::string> SizedAnswer(Call call) {
  for (;;) {
    const ssize_t size = call(nullptr, 0);
    if (size < 0) {
      return std::nullopt;
    }
    std::string out(static_cast<size_t>(size), '\0');
    const ssize_t got = call(out.data(), out.size());
    if (got >= 0 && got <= size) {
      out.resize(static_cast<size_t>(got));
      return out;
    }
    if (got < 0 && errno != ERANGE) {
      return std::nullopt;
    }
  }
}

std::map<std::string, std::string> XattrsOf(const std::string& path) {
  std::map<std::string, std::string> out;
  const std::optional<std::string> names =
      SizedAnswer([&](char* to, size_t size) { return ::llistxattr(path.c_str(), to, size); });
  if (!names) {
    if (errno == ENOTSUP) {
      return out;
    }
    base::FailErrno(errno, "cannot list the extended attributes of {}", path);
  }
  for (size_t at = 0; at < names->size();) {
    const std::string name(names->c_str() + at);
    at += name.size() + 1;
    std::optional<std::string> value = SizedAnswer(
        [&](char* to, size_t size) { return ::lgetxattr(path.c_str(), name.c_str(), to, size); });
    if (!value) {
      base::FailErrno(errno, "cannot read the extended attribute {} of {}", name, path);
    }
    out.emplace(name, *std::move(value));
  }
  return out;
}

Node::Kind KindOf(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return Node::Kind::kDirectory;
    case S_IFLNK:
      return Node::Kind::kSymlink;
    case S_IFCHR:
      return Node::Kind::kCharDevice;
    case S_IFBLK:
      return Node::Kind::kBlockDevice;
    case S_IFIFO:
      return Node::Kind::kFifo;
    case S_IFSOCK:
      return Node::Kind::kSocket;
    default:
      return Node::Kind::kFile;
  }
}

// Read-only, the same for everybody: whoever may read it is decided by the unit, not by the
// builder's umask.
mode_t NormalPermissions(const struct stat& found) {
  if (S_ISLNK(found.st_mode)) {
    return 0777;
  }
  if (S_ISDIR(found.st_mode)) {
    return 0755;
  }
  return (found.st_mode & 0111) != 0 ? 0555 : 0444;
}

class DiskReader {
 public:
  DiskReader(Tree& tree, bool preserve, std::vector<std::string>* mounts)
      : tree_(tree), preserve_(preserve), mounts_(mounts) {}

  Node& Read(const std::string& source) {
    const std::string parent = base::ParentOf(source);
    const std::string_view folder = tree_.Keep(parent == "/" ? "" : parent);
    return Read(source, folder.data(), tree_.Keep(base::BaseName(source)).data());
  }

 private:
  // `source` is `folder`/`name`; the memory of those is the tree's.
  Node& Read(const std::string& source, const char* folder, const char* name) {
    const std::optional<struct stat> found = base::LstatIfThere(source);
    if (!found) {
      base::Fail(base::ExitCode::kFailed, "{} is missing", source);
    }
    if (!preserve_ || S_ISDIR(found->st_mode) || found->st_nlink < 2) {
      return Make(source, folder, name, *found);
    }
    Node*& known = linked_[{found->st_dev, found->st_ino}];
    if (known == nullptr) {
      known = &Make(source, folder, name, *found);
      known->may_have_more_names = true;
    }
    return *known;
  }

  Node& Make(const std::string& source, const char* folder, const char* name,
             const struct stat& found) {
    Node& node = tree_.NewNode(KindOf(found.st_mode));
    SetAttributes(source, found, node);
    switch (node.kind) {
      case Node::Kind::kDirectory:
        if (IsAnotherFileSystem(source, found)) {
          break;
        }
        ReadChildren(source, node);
        break;
      case Node::Kind::kFile:
        // Fails here, with its name, rather than in the middle of writing.
        if ((found.st_mode & kAllMayRead) != kAllMayRead) {
          CheckReadable(source);
        }
        node.SetSource(folder, name, &found.st_mtim);
        node.size_bytes = static_cast<uint64_t>(found.st_size);
        break;
      case Node::Kind::kSymlink:
        node.SetText(tree_.Keep(base::ReadLinkIfThere(source).value_or("")));
        break;
      default:
        AddSpecial(source, found, node);
    }
    return node;
  }

  void ReadChildren(const std::string& source, Node& node) {
    const std::vector<std::string> names = base::ListDirectory(source);
    const char* const folder = tree_.Keep(source).data();
    node.children.Reserve(names.size());
    for (const std::string& name : names) {
      const std::string_view kept = tree_.Keep(name);
      node.children.Add(kept, &Read(source + "/" + name, folder, kept.data()));
    }
  }

  // Of directories alone: an overlay's files may have other numbers than its directories.
  bool IsAnotherFileSystem(const std::string& source, const struct stat& found) {
    if (mounts_ == nullptr) {
      return false;
    }
    device_ = device_.value_or(found.st_dev);
    if (device_ == found.st_dev) {
      return false;
    }
    mounts_->push_back(source);
    return true;
  }

  void SetAttributes(const std::string& source, const struct stat& found, Node& node) const {
    if (!preserve_) {
      node.permissions = NormalPermissions(found);
      return;
    }
    node.permissions = found.st_mode & 07777;
    node.uid = found.st_uid;
    node.gid = found.st_gid;
    node.mtime_seconds = found.st_mtim.tv_sec;
    node.mtime_nanoseconds = static_cast<uint32_t>(found.st_mtim.tv_nsec);
    node.xattrs = XattrsOf(source);
  }

  static void CheckReadable(const std::string& source) {
    if (::faccessat(AT_FDCWD, source.c_str(), R_OK, AT_EACCESS) != 0) {
      base::FailErrno(errno, "cannot open {}", source);
    }
  }

  void AddSpecial(const std::string& source, const struct stat& found, Node& node) const {
    if (!preserve_) {
      base::Fail(base::ExitCode::kFailed, "{} is neither a file, a directory nor a symbolic link",
                 source);
    }
    if (S_ISCHR(found.st_mode) || S_ISBLK(found.st_mode)) {
      node.device = found.st_rdev;
    }
  }

  Tree& tree_;
  const bool preserve_;
  std::vector<std::string>* const mounts_;
  std::optional<dev_t> device_;  // of what was read first
  std::map<std::pair<dev_t, ino_t>, Node*> linked_;
};

}  // namespace

void Tree::AddFromDisk(const std::string& source, const std::string& path, bool preserve,
                       std::vector<std::string>* mounts) {
  DiskReader reader(*this, preserve, mounts);
  if (!PathComponents(path).empty()) {
    Put(path, reader.Read(source));
    return;
  }
  Node& root = reader.Read(source);
  if (!root_->children.empty() || root.kind != Node::Kind::kDirectory) {
    base::Fail(base::ExitCode::kFailed, "cannot make {} the image's root: {}", source,
               root_->children.empty() ? "it is no directory" : "there is something already");
  }
  root_ = &root;
}

}  // namespace builder
