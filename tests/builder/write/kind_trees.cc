#include "tests/builder/write/kind_trees.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

#include "base/file.h"
#include "tests/builder/sample_trees.h"

namespace tests {
namespace {

using builder::Node;
using builder::Tree;

Tree Files(const std::string& /*folder*/) {
  std::mt19937_64 random(1);
  Tree tree;
  for (const size_t length :
       {0UL, 1UL, 32UL, 33UL, 4095UL, 4096UL, 8192UL, 12288UL, 65535UL, 65536UL, 1048576UL}) {
    tree.AddLiteral(fmt::format("/text{}", length), RandomText(random, length));
    tree.AddLiteral(fmt::format("/noise{}", length), RandomBytes(random, length), 0600);
  }
  return tree;
}

Tree SparseFiles(const std::string& folder) {
  Tree tree;
  for (const uint64_t size : {uint64_t{1}, uint64_t{100000}, uint64_t{20000000}}) {
    const std::string path = fmt::format("{}/sparse{}", folder, size);
    WriteSparseFile(path, size);
    tree.AddFromDisk(path, fmt::format("/sparse{}", size), /*preserve=*/true);
  }
  return tree;
}

Tree Directories(const std::string& /*folder*/) {
  Tree tree;
  tree.MakeDirectory("/empty").permissions = 0700;
  tree.MakeDirectory("/one/entry");
  for (int i = 0; i < 3000; ++i) {                     // several blocks of entries
    tree.AddLiteral(fmt::format("/many/!{}", i), "");  // before "." in the order
    tree.MakeDirectory(fmt::format("/many/d{}", i));
  }
  return tree;
}

Tree LongNamesAndDeepPaths(const std::string& /*folder*/) {
  Tree tree;
  std::string deep;
  for (int i = 0; i < 200; ++i) {
    deep += "/d";
  }
  tree.AddLiteral(deep + "/file", "deep");
  std::string wide;
  for (int i = 0; i < 14; ++i) {
    wide += "/" + std::string(255, static_cast<char>('a' + i));
  }
  tree.AddLiteral(wide + "/file", "wide");
  for (int i = 0; i < 256; ++i) {  // every byte that a name may have
    if (i != 0 && i != '/' && i != '.') {
      tree.AddLiteral("/bytes/" + std::string(1, static_cast<char>(i)), "");
      tree.AddLiteral("/bytes/" + std::string(255, static_cast<char>(i)), "");
    }
  }
  return tree;
}

Tree Symlinks(const std::string& /*folder*/) {
  Tree tree;
  for (const size_t length : {1UL, 59UL, 60UL, 4000UL, 4032UL, 4033UL, 4064UL, 4065UL, 4095UL}) {
    tree.AddSymlink(fmt::format("/link{}", length), std::string(length, 'l')).mtime_seconds = 5;
    tree.AddSymlink(fmt::format("/compact{}", length), std::string(length, 'c'));
  }
  return tree;
}

Tree HardLinks(const std::string& /*folder*/) {
  std::mt19937_64 random(2);
  Tree tree;
  for (const size_t length : {0UL, 5UL, 5000UL, 300001UL}) {
    const std::string first = fmt::format("/z/file{}", length);
    tree.AddLiteral(first, RandomText(random, length));
    tree.AddHardLink(fmt::format("/a/file{}", length), first);
    tree.AddHardLink(first + "-too", first);
  }
  tree.AddSymlink("/z/link", "file0");
  tree.AddHardLink("/link-too", "/z/link");
  tree.AddSpecial("/z/fifo", Node::Kind::kFifo, 0600);
  tree.AddHardLink("/fifo-too", "/z/fifo");
  return tree;
}

Tree ManyHardLinks(const std::string& /*folder*/) {
  Tree tree;
  tree.AddLiteral("/file", "content");
  for (int i = 0; i < 65535; ++i) {  // a compact inode counts to 65535
    tree.AddHardLink(fmt::format("/links/{}", i), "/file");
  }
  return tree;
}

Tree Specials(const std::string& /*folder*/) {
  Tree tree;
  const std::vector<dev_t> devices = {makedev(1, 3), makedev(0, 0), makedev(8, 255),
                                      makedev(259, 256), makedev(4095, 1048575)};
  for (size_t i = 0; i < devices.size(); ++i) {
    tree.AddSpecial(fmt::format("/char{}", i), Node::Kind::kCharDevice, 0666, devices[i]);
    tree.AddSpecial(fmt::format("/block{}", i), Node::Kind::kBlockDevice, 0660, devices[i]);
  }
  tree.AddSpecial("/fifo", Node::Kind::kFifo, 0622).mtime_nanoseconds = 7;
  tree.AddSpecial("/socket", Node::Kind::kSocket, 0755);
  return tree;
}

Tree Modes(const std::string& /*folder*/) {
  Tree tree;
  for (const mode_t mode : {0U, 01777U, 02755U, 04755U, 06711U, 07777U, 0444U}) {
    tree.AddLiteral(fmt::format("/file{:o}", mode), "x", mode);
    tree.MakeDirectory(fmt::format("/dir{:o}", mode)).permissions = mode;
  }
  tree.root().permissions = 01777;
  return tree;
}

Tree Owners(const std::string& /*folder*/) {
  Tree tree;
  for (const uid_t id : {1U, 65534U, 65535U, 65536U, 4294967294U}) {
    Node& user = tree.AddLiteral(fmt::format("/user{}", id), "x");
    user.uid = id;
    Node& group = tree.MakeDirectory(fmt::format("/group{}", id));
    group.gid = id;
    Node& link = tree.AddSymlink(fmt::format("/both{}", id), "x");
    link.uid = id;
    link.gid = id;
  }
  return tree;
}

Tree Times(const std::string& /*folder*/) {
  Tree tree;
  for (const int64_t seconds : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{-86400000000},
                                int64_t{1} << 31U, int64_t{1} << 32U, int64_t{253402300800}}) {
    for (const uint32_t nanoseconds : {0U, 1U, 999999999U}) {
      Node& file = tree.AddLiteral(fmt::format("/file{}.{}", seconds, nanoseconds), "x");
      file.mtime_seconds = seconds;
      file.mtime_nanoseconds = nanoseconds;
    }
  }
  tree.root().mtime_seconds = 1700000000;
  return tree;
}

// A file capability as the kernel takes and gives it: version 2, effective; permitted:
// CAP_NET_BIND_SERVICE.
const std::string kMayBindLowPorts("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);

Tree OwnXattrs(const std::string& /*folder*/) {
  std::mt19937_64 random(3);
  Tree tree;
  for (const size_t length : {0UL, 100UL, 5000UL, 70000UL, 300001UL}) {
    for (const size_t value : {0UL, 1UL, 3UL, 100UL, 3000UL, 4090UL, 65535UL}) {
      Node& file =
          tree.AddLiteral(fmt::format("/{}-{}", length, value), RandomText(random, length));
      file.xattrs = {{"user.a", RandomBytes(random, value)},
                     {"trusted." + std::string(247, 't'), RandomBytes(random, 8)},
                     {"security.capability", kMayBindLowPorts}};
    }
  }
  tree.root().xattrs = {{"user.root", "yes"}};
  for (const size_t length : {10UL, 3979UL, 3980UL, 3981UL, 4012UL, 4020UL, 4032UL, 4095UL}) {
    tree.AddSymlink(fmt::format("/link{}", length), std::string(length, 'l')).xattrs = {
        {"trusted.link", RandomBytes(random, 30)}};
  }
  tree.AddSpecial("/fifo", Node::Kind::kFifo, 0600).xattrs = {{"security.x", "fifo"}};
  tree.AddSpecial("/null", Node::Kind::kCharDevice, 0600, makedev(1, 3)).xattrs = {
      {"trusted.x", "device"}};
  return tree;
}

Tree SharedXattrs(const std::string& /*folder*/) {
  std::mt19937_64 random(4);
  Tree tree;
  const std::string large = RandomBytes(random, 5000);
  for (int i = 0; i < 20; ++i) {
    Node& file = tree.AddLiteral(fmt::format("/file{}", i), RandomText(random, 1000));
    file.xattrs = {{"security.selinux", "system_u:object_r:etc_t:s0"},
                   {"user.large", large},
                   {"user.own", fmt::format("{}", i)},
                   {"user.other", i % 2 == 0 ? "even" : "odd"}};
    tree.MakeDirectory(fmt::format("/dir{}", i)).xattrs = {{"security.selinux", "dir"}};
  }
  for (const char* name : {"/many", "/many-too"}) {  // an inode refers to 255 at most
    Node& file = tree.AddLiteral(name, "x");
    for (int i = 0; i < 300; ++i) {
      file.xattrs[fmt::format("user.{}", i)] = "value";
    }
  }
  return tree;
}

Tree Acls(const std::string& /*folder*/) {
  Tree tree;
  for (uint32_t i = 0; i < 4; ++i) {
    Node& file = tree.AddLiteral(fmt::format("/file{}", i), "x", 0640);
    file.xattrs = {{"system.posix_acl_access", Acl(1000 + i / 2, 6, 0640)}};
    Node& directory = tree.MakeDirectory(fmt::format("/dir{}", i));
    directory.xattrs = {{"system.posix_acl_access", Acl(70000 + i, 7, 0755)},
                        {"system.posix_acl_default", Acl(70000, 5, 0755)}};
  }
  return tree;
}

Tree Mixed(const std::string& /*folder*/) { return RandomKindsTree(1); }

void AddRandomAttributes(std::mt19937_64& random, Node& node) {
  if (random() % 2 == 0) {
    node.permissions = static_cast<mode_t>(random() % 010000);
  }
  if (random() % 2 == 0) {
    node.uid = static_cast<uid_t>(random() % (random() % 2 == 0 ? 70000 : 4294967295));
    node.gid = static_cast<gid_t>(random() % 70000);
  }
  if (random() % 2 == 0) {
    node.mtime_seconds = static_cast<int64_t>(random() % 10000000000) - 2000000000;
    node.mtime_nanoseconds = static_cast<uint32_t>(random() % 1000000000);
  }
  for (uint64_t left = random() % 4; left > 0; --left) {
    const char* prefix = random() % 2 == 0 ? "trusted." : "security.";
    const std::string name = fmt::format("{}{}", prefix, random() % 20);
    const size_t length = random() % (size_t{1} << (random() % 14));
    node.xattrs[name] = random() % 2 == 0 ? "common" : RandomBytes(random, length);
  }
}

Node& AddRandomNode(std::mt19937_64& random, const std::string& path, Tree& tree) {
  constexpr uint64_t kMostMinor = 1048576;
  switch (random() % 10) {
    case 0:
      return tree.AddSymlink(path, std::string(1 + random() % 4095, 'l'));
    case 1:
      return tree.AddSpecial(path, Node::Kind::kCharDevice, 0600,
                             makedev(random() % 4096, random() % kMostMinor));
    case 2:
      return tree.AddSpecial(path, Node::Kind::kBlockDevice, 0600,
                             makedev(random() % 4096, random() % kMostMinor));
    case 3:
      return tree.AddSpecial(path, random() % 2 == 0 ? Node::Kind::kFifo : Node::Kind::kSocket,
                             0600);
    case 4:
      return tree.MakeDirectory(path);
    default: {
      const size_t length = random() % (size_t{1} << (random() % 21));
      std::string content =
          random() % 2 == 0 ? RandomText(random, length) : RandomBytes(random, length);
      return tree.AddLiteral(path, std::move(content));
    }
  }
}

}  // namespace

const std::vector<KindTree>& KindTrees() {
  static const std::vector<KindTree> kTrees = {
      {"files", Files},
      {"sparse_files", SparseFiles},
      {"directories", Directories},
      {"long_names_and_deep_paths", LongNamesAndDeepPaths},
      {"symlinks", Symlinks},
      {"hard_links", HardLinks},
      {"many_hard_links", ManyHardLinks},
      {"devices_fifos_sockets", Specials},
      {"modes", Modes},
      {"owners", Owners},
      {"times", Times},
      {"own_xattrs", OwnXattrs},
      {"shared_xattrs", SharedXattrs},
      {"acls", Acls},
      {"mixed", Mixed},
  };
  return kTrees;
}

builder::Tree TailsTree() {
  std::mt19937_64 random(11);
  Tree tree;
  for (int i = 0; i < 40; ++i) {
    const size_t length = 65536 + random() % 300000;
    tree.AddLiteral(fmt::format("/{}", i),
                    i % 4 == 0 ? RandomBytes(random, length) : RandomText(random, length));
    tree.AddLiteral(fmt::format("/{}-small", i), RandomText(random, 5000));
  }
  return tree;
}

builder::Tree RandomKindsTree(uint64_t seed) {
  std::mt19937_64 random(seed);
  Tree tree;
  std::vector<std::string> linkable;
  for (size_t i = 0, nodes = random() % 80; i < nodes; ++i) {
    std::string path;
    for (size_t depth = random() % 4; depth > 0; --depth) {
      path += fmt::format("/dir{}", random() % 4);
    }
    path += "/" + std::string(random() % 100, 'n') + fmt::format("{}", i);
    if (!linkable.empty() && random() % 6 == 0) {
      tree.AddHardLink(path, linkable[random() % linkable.size()]);
      continue;
    }
    Node& node = AddRandomNode(random, path, tree);
    AddRandomAttributes(random, node);
    if (node.kind != Node::Kind::kDirectory) {
      linkable.push_back(path);
    }
  }
  AddRandomAttributes(random, tree.root());
  return tree;
}

uint64_t FirstSeed() {
  const char* chosen = std::getenv("SLIPWAY_TEST_SEED");
  return chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : std::random_device()();
}

void WriteSparseFile(const std::string& path, uint64_t size_bytes) {
  const base::UniqueFd fd = base::Open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (::ftruncate(fd.get(), static_cast<off_t>(size_bytes)) != 0) {
    throw std::runtime_error("ftruncate " + path);
  }
  for (const uint64_t tenths : {2U, 5U, 9U}) {
    base::PWriteAll(fd.get(), base::AsBytes("x"), size_bytes / 10 * tenths, path);
  }
}

std::string Acl(uint32_t uid, uint16_t permissions, mode_t mode) {
  struct Entry {
    uint16_t tag;
    uint16_t permissions;
    uint32_t id;
  };
  constexpr uint32_t kVersion = 2;
  constexpr uint32_t kNoId = std::numeric_limits<uint32_t>::max();
  const auto bits = [mode](unsigned shift) { return static_cast<uint16_t>(mode >> shift & 7U); };
  const std::vector<Entry> entries = {{0x01, bits(6), kNoId},
                                      {0x02, permissions, uid},
                                      {0x04, 4, kNoId},
                                      {0x10, bits(3), kNoId},  // the mask is the mode's group
                                      {0x20, bits(0), kNoId}};
  std::string out(sizeof kVersion + entries.size() * sizeof(Entry), '\0');
  std::memcpy(out.data(), &kVersion, sizeof kVersion);
  std::memcpy(&out[sizeof kVersion], entries.data(), entries.size() * sizeof(Entry));
  return out;
}

}  // namespace tests
