#include "builder/source/oci_layer.h"

#include <sys/stat.h>

#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "builder/tree/archive_reader.h"

namespace builder {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

// The kernel's own type has 32 bits, the last number means "nobody in particular".
constexpr int64_t kMaxId = 0xFFFFFFFE;

bool IsDirectory(archive_entry* entry) {
  return archive_entry_hardlink(entry) == nullptr && archive_entry_filetype(entry) == AE_IFDIR;
}

class Layer {
 public:
  Layer(const std::string& path, const std::string& name, const std::string& folder, Tree& tree)
      : path_(path), name_(name), tree_(tree), kept_folder_(tree.Keep(folder).data()) {}

  // Whiteouts are about the layers below alone, wherever they stand in this one: they come first.
  // Before them the directories that replace what is none: below one such, a whiteout is not about
  // what the link in its place led to.
  void Apply(const base::Io& io) {
    std::vector<std::string> directories;
    std::vector<std::string> whiteouts;
    ForEach([&](archive_entry* entry, const std::string& path) {
      if (IsWhiteout(path)) {
        whiteouts.push_back(path);
      } else if (IsDirectory(entry)) {
        directories.push_back(path);
      }
    });
    for (const std::string& path : directories) {
      MakeRoomForDirectory(path);
    }
    for (const std::string& path : whiteouts) {
      ApplyWhiteout(path);
    }
    const bool lacks_end = ForEach([this](archive_entry* entry, const std::string& path) {
      if (!IsWhiteout(path)) {
        Put(entry, path);
      }
    });
    if (lacks_end) {
      io.Err(
          "note: {} stops without the blocks that end a tar archive; all its entries are whole\n",
          name_);
    }
  }

 private:
  // Whether the archive stops without its end.
  template <typename Call>
  bool ForEach(Call call) {
    ArchiveReader reader(path_, name_);
    reader_ = &reader;
    while (archive_entry* entry = reader.Next()) {
      call(entry, CheckedEntryPath(archive_entry_pathname(entry), name_));
    }
    reader_ = nullptr;
    return reader.lacks_end();
  }

  static bool IsWhiteout(const std::string& path) {
    return base::BaseName(path).starts_with(kWhiteout);
  }

  // `path`, a name in the archive, without the links that lead to it.
  std::string PlaceOf(const std::string& path) const {
    try {
      return tree_.WithoutLinks(path);
    } catch (base::Error& error) {
      error.AddContext(name_);
      throw;
    }
  }

  void Remove(const std::string& place) {
    if (Node* parent = tree_.Find(base::ParentOf(place))) {
      parent->children.Erase(base::BaseName(place));
    }
  }

  // It is made now, so that what is below it is found there.
  void MakeRoomForDirectory(const std::string& path) {
    const std::string place = PlaceOf(path);
    const Node* old = tree_.Find(place);
    if (old != nullptr && old->kind != Node::Kind::kDirectory) {
      Remove(place);
      tree_.MakeDirectory(place);
    }
  }

  void ApplyWhiteout(const std::string& path) {
    const std::string place = PlaceOf(path);
    const std::string name = base::BaseName(place);
    if (name == kWhiteout) {
      base::Fail(base::ExitCode::kVerification, "{}: the entry '{}' is a whiteout of nothing",
                 path_, path);
    }
    if (name != kOpaque) {
      Remove(base::ParentOf(place) + "/" + name.substr(kWhiteout.size()));
    } else if (Node* parent = tree_.Find(base::ParentOf(place))) {
      parent->children.Clear();
    }
  }

  void Put(archive_entry* entry, const std::string& path) {
    if (path == "/") {
      if (!IsDirectory(entry)) {
        base::Fail(base::ExitCode::kFailed, "{}: the root is no directory", name_);
      }
      SetAttributes(entry, tree_.root());
      return;
    }
    const std::string place = PlaceOf(path);
    const Node* old = tree_.Find(place);
    if (old != nullptr && !(IsDirectory(entry) && old->kind == Node::Kind::kDirectory)) {
      Replace(entry, place);
    } else {
      Add(entry, place);
    }
  }

  // A hard link may name what it replaces, which must be found first.
  void Replace(archive_entry* entry, const std::string& place) {
    const char* target = archive_entry_hardlink(entry);
    if (target != nullptr && PlaceOf(CheckedEntryPath(target, name_)) == place) {
      return;
    }
    Remove(place);
    Add(entry, place);
  }

  void Add(archive_entry* entry, const std::string& place) {
    if (const char* target = archive_entry_hardlink(entry)) {
      AddHardLink(place, target);
      return;
    }
    Node& node = NewNode(entry, place);
    SetAttributes(entry, node);
  }

  void AddHardLink(const std::string& place, const std::string& target) {
    const std::string existing = PlaceOf(CheckedEntryPath(target, name_));
    const Node* node = tree_.Find(existing);
    if (node == nullptr || node->kind == Node::Kind::kDirectory) {
      base::Fail(base::ExitCode::kFailed,
                 "{}: the entry '{}' is a hard link to '{}', which is no file", name_,
                 place.substr(1), target);
    }
    tree_.AddHardLink(place, existing);
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
    node.SetSource(kept_folder_, tree_.Keep(std::to_string(files_++)).data());
    reader_->ContentTo(node.SourcePath());
    node.size_bytes = base::FileSize(node.SourcePath());
    return node;
  }

  template <typename Id>
  Id CheckedId(archive_entry* entry, int64_t id, const char* what) const {
    if (id < 0 || id > kMaxId) {
      base::Fail(base::ExitCode::kFailed,
                 "{}: the entry '{}' has the {} {}, Linux has those of 0 to {}", name_,
                 archive_entry_pathname(entry), what, id, kMaxId);
    }
    return static_cast<Id>(id);
  }

  void SetAttributes(archive_entry* entry, Node& node) const {
    node.permissions =
        node.kind == Node::Kind::kSymlink ? 0777 : archive_entry_perm(entry) & 07777U;
    node.uid = CheckedId<uid_t>(entry, archive_entry_uid(entry), "owner");
    node.gid = CheckedId<gid_t>(entry, archive_entry_gid(entry), "group");
    node.mtime_seconds = archive_entry_mtime(entry);
    node.mtime_nanoseconds = static_cast<uint32_t>(archive_entry_mtime_nsec(entry));
    node.xattrs.Clear();
    archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
      node.xattrs[name] = std::string(static_cast<const char*>(value), size);
    }
  }

  const std::string& path_;
  const std::string& name_;
  Tree& tree_;
  const char* const kept_folder_;
  ArchiveReader* reader_ = nullptr;
  uint64_t files_ = 0;
};

}  // namespace

void ApplyLayer(const std::string& path, const std::string& name, const std::string& folder,
                Tree& tree, const base::Io& io) {
  Layer(path, name, folder, tree).Apply(io);
}

}  // namespace builder
