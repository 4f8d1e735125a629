#include "builder/read/read_back.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <functional>

#include "base/atomic_file.h"
#include "base/error.h"
#include "tests/builder/sample_trees.h"

namespace builder {
namespace {

class ReadBackTest : public testing::Test {
 protected:
  void SetUp() override { tests::WriteImage(MakeTree("content", 0444), image_, "zstd"); }

  static Tree MakeTree(const std::string& content, mode_t mode) {
    Tree tree;
    tree.AddLiteral("/dir/file", content + std::string(50000, 'x') + content, mode);
    tree.AddSymlink("/dir/link", "file");
    return tree;
  }

  std::string DifferenceFrom(const Tree& tree) const {
    try {
      ReadBack(image_, tree, base::Io());
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ExitCode::kVerification);
      return error.what();
    }
    return "";
  }

  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-read-back-"};
  const std::string image_ = folder_.path() + "/image.erofs";
};

TEST_F(ReadBackTest, FindsOtherContentModesNamesAndTargets) {
  EXPECT_EQ(DifferenceFrom(MakeTree("content", 0444)), "");
  EXPECT_THAT(DifferenceFrom(MakeTree("Content", 0444)),
              testing::HasSubstr("/dir/file: other content"));
  EXPECT_THAT(DifferenceFrom(MakeTree("content", 0555)), testing::HasSubstr("/dir/file: mode"));
  Tree renamed = MakeTree("content", 0444);
  renamed.MakeDirectory("/dir2");
  EXPECT_THAT(DifferenceFrom(renamed), testing::HasSubstr("entries"));
  Tree other_link;
  other_link.AddLiteral("/dir/file", "content" + std::string(50000, 'x') + "content", 0444);
  other_link.AddSymlink("/dir/link", "elif");
  EXPECT_THAT(DifferenceFrom(other_link), testing::HasSubstr("/dir/link: other content"));
}

TEST_F(ReadBackTest, FindsOtherOwnersTimesAttributesDevicesAndLinks) {
  const auto make = [](const std::function<void(Tree&)>& change) {
    Tree tree;
    Node& file = tree.AddLiteral("/file", "x");
    file.mtime_seconds = -5;
    file.mtime_nanoseconds = 5;
    file.xattrs = {{"user.a", "1"}, {"user.b", ""}};
    tree.AddHardLink("/hard", "/file");
    tree.AddLiteral("/other", "x");
    tree.AddSpecial("/null", Node::Kind::kCharDevice, 0600, makedev(1, 3));
    change(tree);
    return tree;
  };
  tests::WriteImage(make([](Tree&) {}), image_, "zstd");
  EXPECT_EQ(DifferenceFrom(make([](Tree&) {})), "");
  const auto difference = [&](const std::function<void(Node&)>& change, const char* path) {
    return DifferenceFrom(make([&](Tree& tree) { change(*tree.Find(path)); }));
  };
  using testing::HasSubstr;
  EXPECT_THAT(difference([](Node& node) { node.uid = 7; }, "/file"),
              HasSubstr("/file: owner 0, expected 7"));
  EXPECT_THAT(difference([](Node& node) { node.gid = 7; }, "/null"),
              HasSubstr("/null: group 0, expected 7"));
  EXPECT_THAT(difference([](Node& node) { node.mtime_seconds = 5; }, "/file"),
              HasSubstr("/file: time -5, expected 5"));
  EXPECT_THAT(difference([](Node& node) { node.mtime_nanoseconds = 6; }, "/file"),
              HasSubstr("/file: time's nanoseconds 5, expected 6"));
  EXPECT_THAT(difference([](Node& node) { node.permissions |= 04000; }, "/file"),
              HasSubstr("/file: mode 100644, expected 104644"));
  EXPECT_THAT(difference([](Node& node) { node.kind = Node::Kind::kBlockDevice; }, "/null"),
              HasSubstr("/null: mode 20600, expected 60600"));
  EXPECT_THAT(difference([](Node& node) { node.device = makedev(1, 5); }, "/null"),
              HasSubstr("/null: device number 259, expected 261"));
  EXPECT_THAT(difference([](Node& node) { node.xattrs["user.a"] = "2"; }, "/file"),
              HasSubstr("/file: extended attribute user.a is another"));
  EXPECT_THAT(difference([](Node& node) { node.xattrs["user.c"] = ""; }, "/file"),
              HasSubstr("/file: extended attribute user.c is missing"));
  EXPECT_THAT(difference([](Node& node) { node.xattrs.Erase("user.b"); }, "/file"),
              HasSubstr("/file: number of extended attributes 2, expected 1"));
  const auto replaced = [](const std::string& path, const std::string& by) {
    return [path, by](Tree& tree) {
      tree.root().children.Erase(path.substr(1));
      tree.AddHardLink(path, by);
    };
  };
  EXPECT_THAT(DifferenceFrom(make(replaced("/other", "/file"))),
              HasSubstr("/file: links 2, expected 3"));
  EXPECT_THAT(DifferenceFrom(make([](Tree& tree) {
                Node& copy = tree.NewNode(Node::Kind::kFile);
                copy.SetText(tree.Find("/file")->text());
                tree.root().children.Erase("hard");
                tree.root().children.Add("hard", &copy);
              })),
              HasSubstr("/file: links 2, expected 1"));
  EXPECT_THAT(DifferenceFrom(make([](Tree& tree) {  // the counts agree, the names do not
                Children& children = tree.root().children;
                Node* const hard = children.Find("hard");
                Node* const other = children.Find("other");
                children.Erase("hard");
                children.Erase("other");
                children.Add("hard", other);
                children.Add("other", hard);
              })),
              HasSubstr("not the same inode"));
}

TEST_F(ReadBackTest, FindsADamagedSuperblock) {
  std::string bytes = base::ReadFile(image_);
  bytes[1024 + 48] = static_cast<char>(bytes[1024 + 48] ^ 1);  // of the UUID
  base::WriteFileAtomically(image_, bytes);
  EXPECT_NE(DifferenceFrom(MakeTree("content", 0444)), "");
}

TEST_F(ReadBackTest, FindsADamagedBlock) {
  std::string bytes = base::ReadFile(image_);
  bytes[4096 + 4090] = static_cast<char>(bytes[4096 + 4090] ^ 1);  // in the first chunk's frame
  base::WriteFileAtomically(image_, bytes);
  EXPECT_NE(DifferenceFrom(MakeTree("content", 0444)), "");
}

TEST_F(ReadBackTest, SaysThatAFileIsNoImage) {
  base::WriteFileAtomically(image_, std::string(8192, 'x'));
  EXPECT_THAT(DifferenceFrom(Tree()), testing::HasSubstr("upstream's reader"));
}

}  // namespace
}  // namespace builder
