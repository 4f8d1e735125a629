#include "images/version/verity_tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "tests/support/run.h"
#include "tests/support/synthetic_image.h"

namespace images {
namespace {

using testing::HasSubstr;

constexpr size_t kBlock = kVerityBlockBytes;

class VerityTreeTest : public testing::Test {
 protected:
  std::string At(const std::string& name) const { return folder_.path() + "/" + name; }
  void Put(const std::string& name, const std::string& content) const {
    const base::UniqueFd fd = base::Open(At(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    base::WriteAll(fd.get(), base::AsBytes(content), At(name));
  }
  // Our tree of `image`, given to it in pieces of `piece` bytes; returns the root.
  base::Sha256 MakeTree(const std::string& image, size_t piece) const {
    const base::UniqueFd fd = base::Open(At("ours"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    VerityTree tree(image.size(), [&](uint64_t offset, base::Bytes block) {
      base::PWriteAll(fd.get(), block, offset, At("ours"));
    });
    for (size_t at = 0; at < image.size(); at += piece) {
      tree.Update(base::AsBytes(image).subspan(at, std::min(piece, image.size() - at)));
    }
    return tree.Finish(base::Sha256Of(image));
  }
  // The first 16 bytes of the digest as a UUID of version 8.
  static std::string UuidOf(const std::string& image) {
    std::string out = base::Sha256Of(image).ToHex().substr(0, 32);
    out[12] = '8';
    out[16] = "89ab"[std::stoul(out.substr(16, 1), nullptr, 16) & 3U];
    for (const size_t dash : {20U, 16U, 12U, 8U}) {
      out.insert(dash, "-");
    }
    return out;
  }

  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-verity-"};
};

// Of one block, of one level, of two and of three; not full, full and one more than full.
TEST_F(VerityTreeTest, IsByteForByteThatOfVeritysetup) {
  for (const size_t blocks : {1U, 2U, 128U, 129U, 300U, 128U * 128U, 128U * 128U + 1U}) {
    const std::string image = tests::NoiseBytes(blocks, blocks * kBlock);
    Put("image", image);
    Put("theirs", "");
    const tests::RunResult formatted =
        tests::RunCommand({"/usr/sbin/veritysetup", "format", "--format=1", "--hash=sha256",
                           "--salt=-", "--data-block-size=4096", "--hash-block-size=4096",
                           "--uuid=" + UuidOf(image), At("image"), At("theirs")});
    ASSERT_EQ(formatted.exit_code, 0) << formatted.err;
    const base::Sha256 root = MakeTree(image, 100'000);
    EXPECT_THAT(formatted.out, HasSubstr(root.ToHex())) << blocks;
    const std::string ours = base::ReadFile(At("ours"));
    std::string theirs = base::ReadFile(At("theirs"));
    theirs.resize(std::max(theirs.size(), kBlock));  // the rest of the superblock's block
    EXPECT_TRUE(ours == theirs) << blocks;
    EXPECT_EQ(ours.size(), VerityTree::FileBytes(image.size()));
    EXPECT_EQ(VerityRootOfFile(At("image")), root);
    if (blocks > 1) {
      EXPECT_EQ(RootOfTree(At("ours")), root);
    }
  }
}

TEST_F(VerityTreeTest, PiecesMayHaveAnySize) {
  const std::string image = tests::NoiseBytes(1, 300 * kBlock);
  const base::Sha256 root = MakeTree(image, image.size());
  const std::string tree = base::ReadFile(At("ours"));
  for (const size_t piece : {size_t{1000}, kBlock, kBlock + 1, 64 * kBlock - 1}) {
    EXPECT_EQ(MakeTree(image, piece), root) << piece;
    EXPECT_TRUE(base::ReadFile(At("ours")) == tree) << piece;
  }
}

TEST_F(VerityTreeTest, AnImageThatIsNotMadeOfBlocksIsRefused) {
  EXPECT_THROW(VerityTree(kBlock + 1), base::Error);
  EXPECT_THROW(VerityTree(0), base::Error);
  VerityTree tree(2 * kBlock);
  tree.Update(std::vector<uint8_t>(kBlock));
  EXPECT_THROW(tree.Finish({}), base::Error);
}

// A version as a host has it.
class VerityComparisonTest : public VerityTreeTest {
 protected:
  VerityComparisonTest() {
    version_ = tests::WriteImage(folder_.path(), {"app", "1", Chunks(), "", {}, false, {}, true});
    MakeTree(image_, kBlock);
    tests::MustRun({"mv", At("ours"), version_ + "/image.verity"});
  }
  std::vector<std::string> Chunks() const {
    return {image_.substr(0, 7 * kBlock), image_.substr(7 * kBlock, 140 * kBlock),
            image_.substr(147 * kBlock)};
  }
  std::string Problem() const {
    const ImageDirectory version(version_);
    VerityComparison comparison(version);
    comparison.Update(base::AsBytes(base::ReadFile(version.image_path())));
    return comparison.Finish();
  }
  void Flip(const std::string& file, uint64_t at) const {
    const base::UniqueFd fd = base::Open(version_ + file, O_RDWR);
    std::vector<uint8_t> byte = base::PRead(fd.get(), at, 1, file);
    byte.at(0) ^= 1U;
    base::PWriteAll(fd.get(), byte, at, file);
  }

  const std::string image_ = tests::NoiseBytes(5, 300 * kBlock);
  std::string version_;
};

TEST_F(VerityComparisonTest, EveryByteOfTheTreeCounts) {
  EXPECT_EQ(Problem(), "");
  for (const uint64_t at : {0UL, 20UL, 100UL, 4095UL, 4096UL, 5 * kBlock - 1}) {
    Flip("/image.verity", at);
    EXPECT_EQ(Problem(), version_ + "/image.verity is damaged") << at;
    Flip("/image.verity", at);
  }
  ASSERT_EQ(::truncate((version_ + "/image.verity").c_str(), 4 * kBlock), 0);
  EXPECT_EQ(Problem(), version_ + "/image.verity is damaged");
  base::Unlink(version_ + "/image.verity");
  EXPECT_THAT(Problem(), HasSubstr("image.verity: No such file"));
}

TEST_F(VerityComparisonTest, AnotherImageHasAnotherTree) {
  Flip("/image.erofs", 9 * kBlock);
  EXPECT_EQ(Problem(), version_ + "/image.verity is damaged");
}

TEST_F(VerityComparisonTest, WithoutARootThereIsNothingToCompare) {
  version_ = tests::WriteImage(folder_.path(), {"app", "1", Chunks(), "", {}});
  EXPECT_EQ(Problem(), "");
}

}  // namespace
}  // namespace images
