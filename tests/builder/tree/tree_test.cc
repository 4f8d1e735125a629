#include "builder/tree/tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/erofs/inode.h"

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

std::string ErrorOf(const std::function<void(Tree&)>& change) {
  try {
    Tree tree;
    change(tree);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(TreeTest, AHardLinkIsOneNodeUnderTwoNames) {
  Tree tree;
  tree.AddLiteral("/a", "12345");
  tree.AddHardLink("/b/c", "/a");
  EXPECT_EQ(tree.Find("/b/c"), tree.Find("/a"));
  EXPECT_EQ(tree.root().ContentBytes(), 5U);
  using testing::HasSubstr;
  EXPECT_THAT(ErrorOf([](Tree& t) { t.AddHardLink("/x", "/none"); }),
              HasSubstr("not in the image"));
  EXPECT_THAT(ErrorOf([](Tree& t) {
                t.MakeDirectory("/d");
                t.AddHardLink("/x", "/d");
              }),
              HasSubstr("is a directory"));
}

TEST(TreeTest, RefusesNamesThatLinuxDoesNotTake) {
  using testing::HasSubstr;
  EXPECT_THAT(ErrorOf([](Tree& t) { t.AddLiteral("/" + std::string(256, 'n'), ""); }),
              HasSubstr("255"));
  EXPECT_THAT(ErrorOf([](Tree& t) { t.MakeDirectory("/a/../b"); }), HasSubstr("'..'"));
  std::string deep;
  for (int i = 0; i < 2048; ++i) {
    deep += "/d";
  }
  EXPECT_THAT(ErrorOf([&](Tree& t) { t.AddLiteral(deep, ""); }), HasSubstr("4095"));
  EXPECT_THAT(ErrorOf([](Tree& t) { t.AddSymlink("/l", ""); }), HasSubstr("target"));
  EXPECT_THAT(ErrorOf([](Tree& t) { t.AddSymlink("/l", std::string(4096, 'x')); }),
              HasSubstr("4096 bytes"));
  EXPECT_THAT(ErrorOf([](Tree& t) { t.AddLiteral("/", ""); }), HasSubstr("already"));
}

TEST(TreeTest, PreservesModesTimesAndLinks) {
  const base::TemporaryDirectory folder(testing::TempDir(), "slipway-tree-");
  const std::string file = folder.path() + "/file";
  base::WriteFileAtomically(file, "x", 0604);
  ASSERT_EQ(::link(file.c_str(), (folder.path() + "/hard").c_str()), 0);
  ASSERT_EQ(::mkfifo((folder.path() + "/fifo").c_str(), 0600), 0);
  const std::array<timespec, 2> times = {{{0, 0}, {1234567890, 123}}};
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times.data(), 0), 0);
  Tree tree;
  tree.AddFromDisk(folder.path(), "/", /*preserve=*/true);
  const Node& node = *std::as_const(tree).Find("/file");
  EXPECT_EQ(node.permissions, 0604U);
  EXPECT_EQ(node.mtime_seconds, 1234567890);
  EXPECT_EQ(node.mtime_nanoseconds, 123U);
  EXPECT_EQ(node.uid, ::geteuid());
  EXPECT_EQ(tree.Find("/hard"), &node);
  EXPECT_EQ(tree.Find("/fifo")->kind, Node::Kind::kFifo);
  EXPECT_EQ(tree.root().permissions, 0700U);  // as mkdtemp makes it
  EXPECT_THROW(tree.AddFromDisk(folder.path(), "/", true), base::Error);
}

TEST(TreeTest, SourceDateEpochIsTheTimeOfWhatBringsNone) {
  const auto with = [](const char* value) {
    ::setenv("SOURCE_DATE_EPOCH", value, 1);
    const std::string error = ErrorOf([](Tree&) {});
    const int64_t seconds = error.empty() ? Tree().time_seconds() : -1;
    ::unsetenv("SOURCE_DATE_EPOCH");
    return std::pair(seconds, error);
  };
  EXPECT_EQ(with("").first, kImageTimeSeconds);
  EXPECT_EQ(with("1700000000").first, 1700000000);
  EXPECT_THAT(with("tomorrow").second, testing::HasSubstr("SOURCE_DATE_EPOCH is 'tomorrow'"));
  EXPECT_THAT(with("-1").second, testing::HasSubstr("SOURCE_DATE_EPOCH is '-1'"));
}

TEST(TreeTest, RefusesWhatAnImageCannotHold) {
  const base::TemporaryDirectory folder(testing::TempDir(), "slipway-tree-");
  ASSERT_EQ(::mkfifo((folder.path() + "/fifo").c_str(), 0644), 0);
  Tree tree;
  EXPECT_THROW(tree.AddFromDisk(folder.path(), "/t"), base::Error);
  EXPECT_THROW(Tree().AddFromDisk(folder.path() + "/missing", "/t"), base::Error);
}

// Nanoseconds since 1970 of this year do not fit into 64 bits.
TEST(TreeTest, ATimeAfterTheYear2262IsKept) {
  const base::TemporaryDirectory folder(testing::TempDir(), "slipway-tree-");
  const std::string path = folder.path() + "/file";
  base::WriteFileAtomically(path, "x");
  const std::array<timespec, 2> times = {{{0, 0}, {13'000'000'000, 7}}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
  Tree tree;
  tree.AddFromDisk(path, "/file", /*preserve=*/true);
  const Node& node = *tree.Find("/file");
  EXPECT_EQ(node.mtime_seconds, base::LstatIfThere(path)->st_mtim.tv_sec);  // as its disk has it
  EXPECT_EQ(node.Read(0, 1), std::vector<uint8_t>{'x'});
  Node source;
  source.SetSource("/", "none", &times[1]);
}

TEST(ChildrenTest, AreAsAMapOfTheirNames) {
  std::mt19937 random(1);
  using Names = std::vector<std::pair<std::string, Node*>>;
  std::map<std::string, Node*> expected;
  std::vector<Node> nodes(2);
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) {
    names.push_back(std::to_string(i));
  }
  Children children;
  for (int i = 0; i < 20'000; ++i) {
    const std::string& name = names[random() % names.size()];
    Node* const node = &nodes[random() % 2];
    if (random() % 3 != 0) {
      EXPECT_EQ(children.Add(name, node), expected.emplace(name, node).second);
    } else {
      children.Erase(name);
      expected.erase(name);
    }
    const auto found = expected.find(name);
    ASSERT_EQ(children.Find(name), found == expected.end() ? nullptr : found->second);
    if (random() % 50 == 0) {
      ASSERT_EQ(Names(children.begin(), children.end()), Names(expected.begin(), expected.end()));
    }
  }
}

// Work for each name that grew with their number would take hours here.
TEST(ChildrenTest, AMillionNamesMayComeAndGoInAnyOrder) {
  constexpr int kNames = 1'000'000;
  std::vector<std::string> names;
  for (int i = 0; i < kNames; ++i) {
    names.push_back(std::to_string(kNames + i));
  }
  Node old;
  Node now;
  Children children;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    ASSERT_EQ(children.Find(*name), nullptr);
    ASSERT_TRUE(children.Add(*name, &old));
  }
  for (const std::string& name : names) {  // as a layer replaces what is below it
    ASSERT_EQ(children.Find(name), &old);
    children.Erase(name);
    ASSERT_TRUE(children.Add(name, &now));
  }
  EXPECT_EQ(children.size(), names.size());
  for (const std::string& name : names) {
    children.Erase(name);
  }
  EXPECT_TRUE(children.empty());
}

TEST(InodeTest, TheOrderDoesNotDependOnStoreHashes) {
  const auto names_of = [](const std::string& first, const std::string& second) {
    Tree tree;
    tree.AddLiteral("/nix/store/" + first + "-alpha/f", "");
    tree.AddLiteral("/nix/store/" + second + "-beta/f", "");
    std::vector<std::string> out;
    const std::vector<Inode> inodes = InodesOf(tree);
    for (const Inode& inode : inodes) {
      const std::string path = PathOf(inodes, inode);
      out.push_back(path.substr(path.find('-') + 1));
    }
    return out;
  };
  const std::string low(32, '0');
  const std::string high(32, 'z');
  EXPECT_EQ(names_of(low, high), names_of(high, low));
  const Tree empty_tree;
  const std::vector<Inode> empty = InodesOf(empty_tree);
  EXPECT_EQ(PathOf(empty, empty.front()), "/");
}

}  // namespace
}  // namespace builder
