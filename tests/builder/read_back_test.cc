#include "builder/read_back.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "tests/builder/sample_trees.h"

namespace builder {
namespace {

class ReadBackTest : public testing::Test {
 protected:
  void SetUp() override {
    tests::WriteImage(MakeTree("content", 0444), image_, images::Target::kZstd);
  }

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
      EXPECT_EQ(error.code(), base::Code::kVerification);
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
