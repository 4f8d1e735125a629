// The tree that becomes an image, in memory: names, kinds, modes, link targets, and where each
// file's content is. Content is not held: a file's is read from its source when it is needed.
// Everything belongs to root and has one time, so neither stands here.
#ifndef SLIPWAY_BUILDER_TREE_H_
#define SLIPWAY_BUILDER_TREE_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace builder {

struct Node {
  enum class Kind { kDirectory, kFile, kSymlink };

  Kind kind = Kind::kDirectory;
  mode_t permissions = 0755;
  std::map<std::string, std::unique_ptr<Node>> children;  // directory: by name, bytewise
  std::string target;                                     // symlink
  uint64_t size_bytes = 0;                                // file
  std::optional<std::string> literal;                     // file: its content itself
  std::string source_path;  // file without `literal`: where its content is on this machine

  // Bytes [offset, offset + length) of the file's content. Throws where the source is shorter than
  // `size_bytes` said when the tree was made: it changed.
  std::vector<uint8_t> Read(uint64_t offset, size_t length) const;
  // Of this file and of all files below this directory.
  uint64_t ContentBytes() const;
};

class Tree {
 public:
  Tree();

  Node& root() { return *root_; }
  const Node& root() const { return *root_; }

  // Makes the directory and its parents; what is there stays. Throws where something else is in the
  // way.
  Node& MakeDirectory(const std::string& path);
  // Throws where something is at `path` already.
  void AddSymlink(const std::string& path, const std::string& target);
  void AddLiteral(const std::string& path, std::string content, mode_t permissions = 0644);
  // Copies a file, link or directory of this machine, with all below it, to `path`. Modes keep who
  // may read and execute; nobody may write. Devices, sockets and the like are refused, and so is
  // what we may not read.
  void AddFromDisk(const std::string& source, const std::string& path);

  // What a process whose root is this tree would find at the absolute `path`, links followed; null
  // where there is nothing.
  const Node* Resolve(const std::string& path) const;
  // The node at `path` itself, links not followed.
  const Node* Find(const std::string& path) const;

 private:
  Node& Insert(const std::string& path, Node::Kind kind);

  std::unique_ptr<Node> root_;
};

// The components of an absolute path.
std::vector<std::string> PathComponents(const std::string& path);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TREE_H_
