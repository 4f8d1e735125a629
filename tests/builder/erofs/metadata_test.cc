#include "builder/erofs/metadata.h"

#include <gtest/gtest.h>

#include <functional>

namespace builder {
namespace {

// Of one file in an otherwise empty tree: bit 0 of the first field says that it is extended.
bool IsExtended(const std::function<void(Node&)>& change) {
  Tree tree;
  change(tree.AddLiteral("/file", "x"));
  std::vector<Inode> inodes = InodesOf(tree);
  std::vector<uint8_t> bytes;
  SerializeMetadata(inodes, 1, tree.time_seconds(), [&](std::span<const uint8_t> blocks) {
    bytes.insert(bytes.end(), blocks.begin(), blocks.end());
  });
  return (bytes[inodes[1].offset] & 1U) != 0;
}

TEST(MetadataTest, AnInodeIsExtendedOnlyWhereACompactOneCannotSayIt) {
  EXPECT_FALSE(IsExtended([](Node&) {}));
  EXPECT_FALSE(IsExtended([](Node& node) {
    node.uid = 65535;
    node.gid = 65535;
    node.permissions = 07777;
    node.xattrs["user.x"] = "y";
  }));
  EXPECT_TRUE(IsExtended([](Node& node) { node.uid = 65536; }));
  EXPECT_TRUE(IsExtended([](Node& node) { node.gid = 65536; }));
  EXPECT_TRUE(IsExtended([](Node& node) { node.mtime_seconds = 2; }));
  EXPECT_TRUE(IsExtended([](Node& node) { node.mtime_nanoseconds = 1; }));
}

TEST(MetadataTest, SharesAttributesThatMoreThanOneInodeHas) {
  const auto xattr_block = [](const std::string& second) {
    Tree tree;
    tree.AddLiteral("/a", "x").xattrs["user.x"] = "same";
    tree.AddLiteral("/b", "x").xattrs["user.x"] = second;
    tree.AddHardLink("/c", "/a");
    std::vector<Inode> inodes = InodesOf(tree);
    return SerializeMetadata(inodes, 7, 1, [](auto) {}).xattr_block;
  };
  EXPECT_EQ(xattr_block("another"), 0U);
  EXPECT_EQ(xattr_block("same"), 8U);  // after the one block of inodes
}

}  // namespace
}  // namespace builder
