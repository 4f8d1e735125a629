// One file, directory, link or device of a tree. A tree may have millions: a node is small, and
// what few have is allocated only where it is used.
#ifndef SLIPWAY_BUILDER_TREE_NODE_H_
#define SLIPWAY_BUILDER_TREE_NODE_H_

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace builder {

inline constexpr int64_t kImageTimeSeconds = 1;

struct Node;

// The names in a directory, bytewise sorted, with their nodes. Owns neither (tree.h). Names that
// come in order are quick and small; any others, and those that go, are noted and put in their
// places when somebody looks at all names. So the first such look is no task for two threads.
class Children {
 public:
  using Entry = std::pair<std::string_view, Node*>;

  auto begin() const { return entries().begin(); }
  auto end() const { return entries().end(); }
  size_t size() const { return entries().size(); }
  bool empty() const { return entries().empty(); }
  // Null where there is none of that name.
  Node* Find(std::string_view name) const;
  // False where the name is there already.
  bool Add(std::string_view name, Node* node);
  void Reserve(size_t count);
  void Erase(std::string_view name);
  template <typename Predicate>
  void EraseIf(Predicate predicate) {
    if (!empty()) {
      std::erase_if(names_->sorted, predicate);
    }
  }
  void Clear() { names_.reset(); }

 private:
  struct Names {
    // What has no node has been erased.
    std::vector<Entry> sorted;
    // Before the last one of `sorted`, and not among them.
    std::unique_ptr<std::map<std::string_view, Node*>> late;
    bool has_erased = false;

    void Settle();
  };

  Names& names();
  const std::vector<Entry>& entries() const;
  // Where the node of that name is noted, which may be erased; null where the name is unknown.
  Node** PlaceOf(std::string_view name) const;

  std::unique_ptr<Names> names_;
};

// By full name: "user.x", "system.posix_acl_access".
class Xattrs {
 public:
  using Map = std::map<std::string, std::string>;

  Xattrs& operator=(Map map) {
    map_ = map.empty() ? nullptr : std::make_unique<Map>(std::move(map));
    return *this;
  }
  // NOLINTNEXTLINE(google-explicit-constructor): it is that map.
  operator const Map&() const;
  auto begin() const { return static_cast<const Map&>(*this).begin(); }
  auto end() const { return static_cast<const Map&>(*this).end(); }
  size_t size() const { return static_cast<const Map&>(*this).size(); }
  bool empty() const { return map_ == nullptr || map_->empty(); }
  std::string& operator[](const std::string& name);
  void Clear() { map_.reset(); }
  void Erase(const std::string& name) { map_ == nullptr ? 0 : map_->erase(name); }

 private:
  std::unique_ptr<Map> map_;
};

struct Node {
  enum class Kind : uint8_t {
    kDirectory,
    kFile,
    kSymlink,
    kCharDevice,
    kBlockDevice,
    kFifo,
    kSocket
  };

  Kind kind = Kind::kDirectory;
  // What is no directory may stand under several names: hard links.
  bool may_have_more_names = false;
  mode_t permissions = 0755;  // with setuid, setgid and sticky
  uid_t uid = 0;
  gid_t gid = 0;
  uint32_t mtime_nanoseconds = 0;
  // Of its inode, while an image is written.
  mutable uint32_t inode = 0;
  int64_t mtime_seconds = kImageTimeSeconds;
  uint64_t size_bytes = 0;  // file
  dev_t device = 0;         // character and block device
  Xattrs xattrs;
  Children children;  // directory

  // A symlink's target, or the content of a file that has no source. The memory is another's.
  std::string_view text() const;
  void SetText(std::string_view text);
  bool has_source() const { return source_name_ != nullptr; }
  // A file's content is on this machine: in `folder`, under `name`; the memory of both is another's
  // and ends with NUL. `time`, where it may change: of its last change.
  void SetSource(const char* folder, const char* name, const timespec* time = nullptr);
  std::string SourcePath() const;

  // S_IFDIR and the like, with the permissions.
  mode_t Mode() const;
  // Fills `out` with the file's content from `offset` on. Throws where the source has changed since
  // the tree was made.
  void ReadInto(std::span<uint8_t> out, uint64_t offset) const;
  std::vector<uint8_t> Read(uint64_t offset, size_t length) const;
  // Of this file and of all files below this directory, each once however many names it has.
  uint64_t ContentBytes() const;

 private:
  const char* text_or_folder_ = nullptr;
  const char* source_name_ = nullptr;
  int64_t source_time_ = 0;  // nanoseconds since 1970; kAnyTime: it does not change
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TREE_NODE_H_
