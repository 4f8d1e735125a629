// The tree that becomes an image, in memory: names, kinds, modes, owners, times, extended
// attributes, and the place of each file's content. The tree does not hold content; it is read from
// its source when needed.
#ifndef SLIPWAY_BUILDER_TREE_TREE_H_
#define SLIPWAY_BUILDER_TREE_TREE_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/tree/node.h"

namespace builder {

// The time of all that does not bring its own: the environment's SOURCE_DATE_EPOCH, otherwise
// kImageTimeSeconds. Throws Error{kUsage} where it is no number of seconds since 1970.
int64_t SourceDateEpoch();

// Paths are absolute, at most 4095 bytes with names of at most 255, as Linux has it; others are
// refused. The tree owns its nodes and all names and texts; what is taken out of it is freed with
// it.
class Tree {
 public:
  Tree();
  Tree(Tree&&) = default;  // nodes stay where they are
  Tree& operator=(Tree&&) = default;

  Node& root() { return *root_; }
  const Node& root() const { return *root_; }
  // Of nodes that are made without one of their own.
  int64_t time_seconds() const { return time_seconds_; }

  // Makes the directory and its parents; what is there stays. Throws where something else is in the
  // way.
  Node& MakeDirectory(const std::string& path);
  // These throw where something is at `path` already.
  Node& AddSymlink(const std::string& path, const std::string& target);
  Node& AddLiteral(const std::string& path, std::string_view content, mode_t permissions = 0644);
  // `kind`: a device, a fifo or a socket.
  Node& AddSpecial(const std::string& path, Node::Kind kind, mode_t permissions, dev_t device = 0);
  // One more name for what stands at `existing`, which is no directory.
  void AddHardLink(const std::string& path, const std::string& existing);
  // Copies a file, link or directory of this machine, with all below it, to `path`; a directory may
  // become the whole tree ("/") while that is empty. With `preserve`, owners, modes, times,
  // extended attributes, devices, fifos, sockets and hard links are kept. Without, all is root's
  // and has the tree's time; modes keep who may read and execute, nobody may write; devices,
  // sockets and the like are refused. So is what we may not read. With `mounts`, directories below
  // it on which another file system is mounted stay empty and are added to that list.
  void AddFromDisk(const std::string& source, const std::string& path, bool preserve = false,
                   std::vector<std::string>* mounts = nullptr);
  // A node that has no name yet, and a copy of a text for nodes, with NUL at its end.
  Node& NewNode(Node::Kind kind);
  std::string_view Keep(std::string_view text);

  // What a process whose root is this tree would find at the absolute `path`, links followed; null
  // where there is nothing. `*loop`, where it is given, says whether links led round in a circle.
  const Node* Resolve(const std::string& path, bool* loop = nullptr) const;
  // The path without links at which such a process would make `path`: links on the way are followed
  // inside the tree, one that stands at `path` itself is not. What is not there counts as named.
  // Throws where links lead round in a circle.
  std::string WithoutLinks(const std::string& path) const;
  // The node at `path` itself, links not followed.
  const Node* Find(const std::string& path) const;
  Node* Find(const std::string& path);

 private:
  // A node and a name have no memory of their own: that would be half as much again.
  struct Memory {
    std::vector<std::unique_ptr<Node[]>> nodes;
    size_t left = 0;  // of the last of those
    std::pmr::monotonic_buffer_resource texts;
  };

  Node& Directory(std::span<const std::string> names, const std::string& path);
  Node& Put(const std::string& path, Node& node);
  // A path as it is walked, links followed.
  struct Walk {
    std::vector<std::string> names;
    std::vector<const Node*> nodes;  // the root's and those of `names`; null: not there
    bool left_the_tree = false;      // it came back from below something that is not there
    bool loop = false;
  };
  Walk WalkTo(const std::string& path) const;

  int64_t time_seconds_;
  std::unique_ptr<Memory> memory_ = std::make_unique<Memory>();
  Node* root_;
};

// The components of an absolute path.
std::vector<std::string> PathComponents(const std::string& path);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TREE_TREE_H_
