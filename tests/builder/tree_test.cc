#include "builder/tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/inode.h"

namespace builder {
namespace {

TEST(TreeTest, ResolvesLinksInsideItselfAlone) {
  Tree tree;
  tree.AddLiteral("/nix/store/x/bin/nginx", "elf", 0555);
  tree.AddSymlink("/usr/bin/nginx", "/nix/store/x/bin/nginx");
  tree.AddSymlink("/bin", "usr/../usr/bin");
  tree.AddSymlink("/up", "../../../nix");
  EXPECT_EQ(tree.Resolve("/bin/nginx"), tree.Find("/nix/store/x/bin/nginx"));
  EXPECT_EQ(tree.Resolve("/up/store"), tree.Find("/nix/store"));
  EXPECT_EQ(tree.Resolve("/bin/none"), nullptr);
}

TEST(TreeTest, ALoopOfLinksLeadsNowhere) {
  Tree tree;
  tree.AddSymlink("/a", "b");
  tree.AddSymlink("/b", "a");
  EXPECT_EQ(tree.Resolve("/a"), nullptr);
}

TEST(TreeTest, RefusesTwoThingsInOnePlace) {
  Tree tree;
  tree.AddLiteral("/etc/nginx.conf", "");
  EXPECT_THROW(tree.AddSymlink("/etc/nginx.conf", "x"), base::Error);
  EXPECT_THROW(tree.MakeDirectory("/etc/nginx.conf/more"), base::Error);
}

TEST(TreeTest, TakesModesThatDoNotDependOnWhoBuilds) {
  const base::TemporaryDirectory folder(testing::TempDir(), "slipway-tree-");
  base::WriteFileAtomically(folder.path() + "/plain", "x", 0600);
  base::WriteFileAtomically(folder.path() + "/program", "x", 0700);
  Tree tree;
  tree.AddFromDisk(folder.path(), "/t");
  EXPECT_EQ(tree.Find("/t/plain")->permissions, 0444U);
  EXPECT_EQ(tree.Find("/t/program")->permissions, 0555U);
  EXPECT_EQ(tree.Find("/t")->permissions, 0755U);
}

TEST(TreeTest, AFileThatShrinksWhileItIsReadIsAnError) {
  const base::TemporaryDirectory folder(testing::TempDir(), "slipway-tree-");
  const std::string path = folder.path() + "/file";
  base::WriteFileAtomically(path, "0123456789");
  Tree tree;
  tree.AddFromDisk(path, "/file");
  base::WriteFileAtomically(path, "0123");
  EXPECT_THROW(tree.Find("/file")->Read(0, 10), base::Error);
}

TEST(TreeTest, RefusesWhatAnImageCannotHold) {
  const base::TemporaryDirectory folder(testing::TempDir(), "slipway-tree-");
  ASSERT_EQ(::mkfifo((folder.path() + "/fifo").c_str(), 0644), 0);
  Tree tree;
  EXPECT_THROW(tree.AddFromDisk(folder.path(), "/t"), base::Error);
  EXPECT_THROW(Tree().AddFromDisk(folder.path() + "/missing", "/t"), base::Error);
}

TEST(InodeTest, TheOrderDoesNotDependOnStoreHashes) {
  const auto names_of = [](const std::string& first, const std::string& second) {
    Tree tree;
    tree.AddLiteral("/nix/store/" + first + "-alpha/f", "");
    tree.AddLiteral("/nix/store/" + second + "-beta/f", "");
    std::vector<std::string> out;
    for (const Inode& inode : InodesOf(tree)) {
      out.push_back(inode.path.substr(inode.path.find('-') + 1));
    }
    return out;
  };
  const std::string low(32, '0');
  const std::string high(32, 'z');
  EXPECT_EQ(names_of(low, high), names_of(high, low));
  EXPECT_EQ(InodesOf(Tree()).front().path, "");
}

}  // namespace
}  // namespace builder
