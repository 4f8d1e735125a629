#include "builder/read/read_back.h"

#include <algorithm>
#include <cstring>
#include <future>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "builder/read/content_comparison.h"
#include "builder/read/liberofs_reader.h"

namespace builder {
namespace {

class Comparison {
 public:
  Comparison(const std::string& image_path, const base::Io& io) : image_path_(image_path), io_(io) {
    Check(LiberofsOpen(image_path.c_str(), &reader_), "/");
  }
  ~Comparison() {
    if (reader_ != nullptr) {
      LiberofsClose(reader_);
    }
  }
  Comparison(const Comparison&) = delete;
  Comparison& operator=(const Comparison&) = delete;

  void CompareRoot(const Node& root) {
    CountNames(root);
    Compare(LiberofsRoot(reader_), root, "");
    base::Progress progress(io_, "reading back", root.ContentBytes(), files_.size());
    CompareContents(image_path_, root, files_, std::max(1U, std::thread::hardware_concurrency()),
                    progress);
  }

 private:
  using Entries = std::vector<std::pair<std::string, uint64_t>>;
  struct Names {
    uint32_t count = 0;
    uint64_t nid = 0;  // 0: none was read yet
  };

  [[noreturn]] void Differ(const std::string& path, const std::string& how) const {
    FailAsDifferent(image_path_, path, how);
  }

  void Check(int error, const std::string& path) const {
    if (error != 0) {
      Differ(path, std::string("upstream's reader says: ") + std::strerror(-error));
    }
  }

  void Compare(uint64_t nid, const Node& node, const std::string& path) {
    base::ThrowIfInterrupted();
    if (!IsFirstNameOf(node, nid, path)) {
      return;
    }
    LiberofsStat found{};
    Check(LiberofsStatOf(reader_, nid, &found), path);
    CompareAttributes(found, node, path);
    CompareXattrs(nid, node, path);
    if (node.kind == Node::Kind::kDirectory) {
      CompareDirectory(nid, found.links, node, path);
      return;
    }
    Expect(found.links, NamesOf(node), "links", path);
    if (node.kind == Node::Kind::kSymlink) {
      CompareTarget(nid, base::AsBytes(node.text()), path);
    } else if (node.kind == Node::Kind::kFile) {
      files_.push_back({nid, &node});
    }
  }

  // Of what may have more than one.
  void CountNames(const Node& node) {
    for (const auto& [name, child] : node.children) {
      if (child->may_have_more_names) {
        ++names_[child].count;
      }
      CountNames(*child);
    }
  }

  // Names of one node must be names of one inode, and of no other node's.
  bool IsFirstNameOf(const Node& node, uint64_t nid, const std::string& path) {
    const auto names = names_.find(&node);
    if (names != names_.end() && names->second.nid == nid) {
      return false;
    }
    if ((names != names_.end() && names->second.nid != 0) || !nids_.insert(nid).second) {
      Differ(path, "not the same inode as its other names, or the same as another file");
    }
    if (names != names_.end()) {
      names->second.nid = nid;
    }
    return true;
  }

  uint32_t NamesOf(const Node& node) const {
    const auto names = names_.find(&node);
    return names == names_.end() ? 1 : names->second.count;
  }

  template <typename T>
  void Expect(const T& found, const T& expected, const char* what, const std::string& path) const {
    if (found != expected) {
      Differ(path, fmt::format("{} {}, expected {}", what, found, expected));
    }
  }

  void CompareAttributes(const LiberofsStat& found, const Node& node,
                         const std::string& path) const {
    if (found.mode != node.Mode()) {
      Differ(path, fmt::format("mode {:o}, expected {:o}", found.mode, node.Mode()));
    }
    if (node.kind != Node::Kind::kDirectory) {
      const bool is_link = node.kind == Node::Kind::kSymlink;
      Expect(found.size_bytes, is_link ? node.text().size() : node.size_bytes, "size", path);
    }
    Expect(found.uid, node.uid, "owner", path);
    Expect(found.gid, node.gid, "group", path);
    Expect(found.mtime_seconds, node.mtime_seconds, "time", path);
    Expect(found.mtime_nanoseconds, node.mtime_nanoseconds, "time's nanoseconds", path);
    const uint64_t device = found.device;
    Expect(device, node.device, "device number", path);
  }

  void CompareXattrs(uint64_t nid, const Node& node, const std::string& path) const {
    using Xattrs = std::map<std::string, std::string>;
    Xattrs found;
    Check(LiberofsXattrs(
              reader_, nid,
              [](void* context, const char* name, const char* value, size_t size_bytes) {
                static_cast<Xattrs*>(context)->emplace(name, std::string(value, size_bytes));
              },
              &found),
          path);
    for (const auto& [name, value] : node.xattrs) {
      const auto there = found.find(name);
      if (there == found.end() || there->second != value) {
        Differ(path, fmt::format("extended attribute {} is {}", name,
                                 there == found.end() ? "missing" : "another"));
      }
    }
    Expect(found.size(), node.xattrs.size(), "number of extended attributes", path);
  }

  void CompareDirectory(uint64_t nid, uint32_t links, const Node& node, const std::string& path) {
    Entries entries;
    Check(LiberofsList(
              reader_, nid,
              [](void* context, const char* name, size_t length, uint64_t child) {
                static_cast<Entries*>(context)->emplace_back(std::string(name, length), child);
                return 0;
              },
              &entries),
          path);
    if (entries.size() != node.children.size()) {
      Differ(path, fmt::format("{} entries, expected {}", entries.size(), node.children.size()));
    }
    uint32_t expected_links = 2;
    auto expected = node.children.begin();
    for (const auto& [name, child] : entries) {  // both sorted bytewise
      if (name != expected->first) {
        Differ(path, fmt::format("entry '{}', expected '{}'", name, expected->first));
      }
      Compare(child, *expected->second, path + "/" + name);
      expected_links += expected->second->kind == Node::Kind::kDirectory ? 1U : 0U;
      ++expected;
    }
    Expect(links, expected_links, "links", path);
  }

  void CompareTarget(uint64_t nid, base::Bytes expected, const std::string& path) const {
    std::vector<uint8_t> target(expected.size());
    Check(LiberofsRead(reader_, nid, target.data(), target.size(), 0), path);
    if (!std::equal(expected.begin(), expected.end(), target.begin())) {
      Differ(path, "other content: another target");
    }
  }

  const std::string image_path_;
  LiberofsReader* reader_ = nullptr;
  const base::Io io_;
  std::vector<FileToCompare> files_;
  std::unordered_map<const Node*, Names> names_;
  std::unordered_set<uint64_t> nids_;
};

}  // namespace

base::Sha256 ReadBack(const std::string& image_path, const Tree& tree, const base::Io& io) {
  // Beside the rest: one thread's work, as long as half of all other in a build from the cache.
  std::future<base::Sha256> digest = std::async(std::launch::async, base::Sha256OfFile, image_path);
  Comparison(image_path, io).CompareRoot(tree.root());
  return digest.get();
}

}  // namespace builder
