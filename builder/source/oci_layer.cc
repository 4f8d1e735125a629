#include "builder/source/oci_layer.h"

#include <sys/stat.h>

#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "builder/tree/archive_reader.h"

namespace builder {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

class Layer {
 public:
  Layer(const std::string& path, const std::string& name, const std::string& folder, Tree& tree)
      : path_(path), name_(name), folder_(folder), tree_(tree) {}

  // Whiteouts are about the layers below alone, wherever they stand in this one: they come first.
  void Apply() {
    ForEach([this](archive_entry*, const std::string& path) {
      if (IsWhiteout(path)) {
        ApplyWhiteout(path);
      }
    });
    ForEach([this](archive_entry* entry, const std::string& path) {
      if (!IsWhiteout(path)) {
        Put(entry, path);
      }
    });
  }

 private:
  template <typename Call>
  void ForEach(Call call) {
    ArchiveReader reader(path_, name_);
    reader_ = &reader;
    while (archive_entry* entry = reader.Next()) {
      call(entry, CheckedEntryPath(archive_entry_pathname(entry), name_));
    }
    reader_ = nullptr;
  }

  static bool IsWhiteout(const std::string& path) {
    return base::BaseName(path).starts_with(kWhiteout);
  }

  // The directory that `path` is in; null where there is none. A link on the way is no directory.
  Node* ParentOf(const std::string& path) {
    Node* node = &tree_.root();
    std::string walked;
    for (const std::string& component : PathComponents(base::ParentOf(path))) {
      const auto child = node->children.find(component);
      walked += "/" + component;
      if (child == node->children.end()) {
        return nullptr;
      }
      node = child->second.get();
      if (node->kind == Node::Kind::kSymlink) {
        base::Fail(base::ExitCode::kFailed, "{}: the entry '{}' leads through the link {}", name_,
                   path.substr(1), walked);
      }
    }
    return node;
  }

  void ApplyWhiteout(const std::string& path) {
    Node* parent = ParentOf(path);
    const std::string name = base::BaseName(path);
    if (parent == nullptr) {
      return;
    }
    if (name == kOpaque) {
      parent->children.clear();
    } else {
      parent->children.erase(name.substr(kWhiteout.size()));
    }
  }

  void Put(archive_entry* entry, const std::string& path) {
    const bool directory =
        archive_entry_hardlink(entry) == nullptr && archive_entry_filetype(entry) == AE_IFDIR;
    if (path == "/") {
      if (!directory) {
        base::Fail(base::ExitCode::kFailed, "{}: the root is no directory", name_);
      }
      SetAttributes(entry, tree_.root());
      return;
    }
    if (Node* parent = ParentOf(path)) {
      const auto old = parent->children.find(base::BaseName(path));
      if (old != parent->children.end() &&
          !(directory && old->second->kind == Node::Kind::kDirectory)) {
        Replace(entry, path, *parent);
        return;
      }
    }
    Add(entry, path);
  }

  // A hard link may name what it replaces, which must be found first.
  void Replace(archive_entry* entry, const std::string& path, Node& parent) {
    const char* target = archive_entry_hardlink(entry);
    if (target != nullptr && CheckedEntryPath(target, name_) == path) {
      return;
    }
    parent.children.erase(base::BaseName(path));
    Add(entry, path);
  }

  void Add(archive_entry* entry, const std::string& path) {
    if (const char* target = archive_entry_hardlink(entry)) {
      AddHardLink(path, target);
      return;
    }
    Node& node = NewNode(entry, path);
    SetAttributes(entry, node);
  }

  void AddHardLink(const std::string& path, const std::string& target) {
    const std::string existing = CheckedEntryPath(target, name_);
    ParentOf(existing);
    const Node* node = tree_.Find(existing);
    if (node == nullptr || node->kind == Node::Kind::kDirectory) {
      base::Fail(base::ExitCode::kFailed,
                 "{}: the entry '{}' is a hard link to '{}', which is no file", name_,
                 path.substr(1), target);
    }
    tree_.AddHardLink(path, existing);
  }

  Node& NewNode(archive_entry* entry, const std::string& path) {
    switch (archive_entry_filetype(entry)) {
      case AE_IFDIR:
        return tree_.MakeDirectory(path);
      case AE_IFREG:
        return AddFile(path);
      case AE_IFLNK: {
        const char* target = archive_entry_symlink(entry);
        return tree_.AddSymlink(path, target == nullptr ? "" : target);
      }
      case AE_IFCHR:
        return tree_.AddSpecial(path, Node::Kind::kCharDevice, 0, archive_entry_rdev(entry));
      case AE_IFBLK:
        return tree_.AddSpecial(path, Node::Kind::kBlockDevice, 0, archive_entry_rdev(entry));
      case AE_IFIFO:
        return tree_.AddSpecial(path, Node::Kind::kFifo, 0);
      default:
        base::Fail(base::ExitCode::kFailed,
                   "{}: the entry '{}' is of no kind that an image can hold", name_,
                   path.substr(1));
    }
  }

  Node& AddFile(const std::string& path) {
    Node& node = tree_.AddLiteral(path, "");
    node.literal.reset();
    node.source_path = fmt::format("{}/{}", folder_, files_++);
    reader_->ContentTo(node.source_path);
    node.size_bytes = base::FileSize(node.source_path);
    return node;
  }

  static void SetAttributes(archive_entry* entry, Node& node) {
    node.permissions =
        node.kind == Node::Kind::kSymlink ? 0777 : archive_entry_perm(entry) & 07777U;
    node.uid = static_cast<uid_t>(archive_entry_uid(entry));
    node.gid = static_cast<gid_t>(archive_entry_gid(entry));
    node.mtime_seconds = archive_entry_mtime(entry);
    node.mtime_nanoseconds = static_cast<uint32_t>(archive_entry_mtime_nsec(entry));
    node.xattrs.clear();
    archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
      node.xattrs.emplace(name, std::string(static_cast<const char*>(value), size));
    }
  }

  const std::string& path_;
  const std::string& name_;
  const std::string& folder_;
  Tree& tree_;
  ArchiveReader* reader_ = nullptr;
  uint64_t files_ = 0;
};

}  // namespace

void ApplyLayer(const std::string& path, const std::string& name, const std::string& folder,
                Tree& tree) {
  Layer(path, name, folder, tree).Apply();
}

}  // namespace builder
