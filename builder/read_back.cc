#include "builder/read_back.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "builder/content_comparison.h"
#include "builder/erofs_writer.h"
#include "builder/liberofs_reader.h"

namespace builder {
namespace {

class Comparison {
 public:
  Comparison(const std::string& image_path, const Tree& tree, const base::Io& io)
      : image_path_(image_path), progress_(io, "reading back", tree.root().ContentBytes()) {
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
    Compare(LiberofsRoot(reader_), root, "");
    CompareContents(image_path_, files_, std::max(1U, std::thread::hardware_concurrency()),
                    progress_);
  }

 private:
  using Entries = std::vector<std::pair<std::string, uint64_t>>;

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
    LiberofsStat found{};
    Check(LiberofsStatOf(reader_, nid, &found), path);
    CompareAttributes(found, node, path);
    switch (node.kind) {
      case Node::Kind::kDirectory:
        CompareDirectory(nid, node, path);
        break;
      case Node::Kind::kSymlink:
        CompareTarget(nid, base::AsBytes(node.target), path);
        break;
      case Node::Kind::kFile:
        files_.push_back({nid, &node, path});
        break;
    }
  }

  void CompareAttributes(const LiberofsStat& found, const Node& node,
                         const std::string& path) const {
    const mode_t kind = node.kind == Node::Kind::kDirectory ? S_IFDIR
                        : node.kind == Node::Kind::kSymlink ? S_IFLNK
                                                            : S_IFREG;
    if (found.mode != (kind | node.permissions)) {
      Differ(path, fmt::format("mode {:o}, expected {:o}", found.mode, kind | node.permissions));
    }
    const uint64_t size = node.kind == Node::Kind::kSymlink ? node.target.size() : node.size_bytes;
    if (node.kind != Node::Kind::kDirectory && found.size_bytes != size) {
      Differ(path, fmt::format("{} bytes, expected {}", found.size_bytes, size));
    }
    if (found.uid != 0 || found.gid != 0) {
      Differ(path, fmt::format("owner {}:{}, expected 0:0", found.uid, found.gid));
    }
    if (found.mtime_seconds != static_cast<int64_t>(kImageTimeSeconds)) {
      Differ(path, fmt::format("time {}, expected {}", found.mtime_seconds, kImageTimeSeconds));
    }
  }

  void CompareDirectory(uint64_t nid, const Node& node, const std::string& path) {
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
    auto expected = node.children.begin();
    for (const auto& [name, child] : entries) {  // both sorted bytewise
      if (name != expected->first) {
        Differ(path, fmt::format("entry '{}', expected '{}'", name, expected->first));
      }
      Compare(child, *expected->second, path + "/" + name);
      ++expected;
    }
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
  base::Progress progress_;
  std::vector<FileToCompare> files_;
};

}  // namespace

void ReadBack(const std::string& image_path, const Tree& tree, const base::Io& io) {
  Comparison(image_path, tree, io).CompareRoot(tree.root());
}

}  // namespace builder
