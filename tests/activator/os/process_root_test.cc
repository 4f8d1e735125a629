#include "activator/os/process_root.h"

#include <gtest/gtest.h>

#include "activator/os/dm_verity.h"
#include "base/atomic_file.h"
#include "base/file.h"
#include "images/version/verity_tree.h"

namespace activator {
namespace {

// Two versions of one image, each with its tree.
class IsVerifiedAsTest : public ::testing::Test {
 protected:
  base::Sha256 Put(const std::string& version, char byte) {
    const std::string data(3 * images::kVerityBlockBytes, byte);
    std::string tree(images::VerityTree::FileBytes(data.size()), '\0');
    images::VerityTree maker(data.size(), [&](uint64_t at, base::Bytes block) {
      tree.replace(at, block.size(), base::AsText(block));
    });
    maker.Update(base::AsBytes(data));
    const base::Sha256 root = maker.Finish(base::Sha256Of(data));
    base::MakeDirectories(At(version));
    base::WriteFileAtomically(At(version) + "/image.erofs", data);
    base::WriteFileAtomically(At(version) + "/image.verity", tree);
    return root;
  }
  std::string At(const std::string& version) const { return place_.path() + "/" + version; }
  std::vector<std::string> FilesOf(const std::string& version, const char* end = "") const {
    return {At(version) + "/image.erofs" + end, At(version) + "/image.verity" + end};
  }

  base::TemporaryDirectory place_{::testing::TempDir(), "slipway-root-"};
};

TEST_F(IsVerifiedAsTest, OfTheFileItselfOrOfOneWithTheSameRoot) {
  const std::string device = VerityDeviceName(Put("one", 'x'));
  const std::string another = VerityDeviceName(Put("another", 'y'));
  Put("same", 'x');
  const std::string image = At("one") + "/image.erofs";
  EXPECT_TRUE(IsVerifiedAs(FilesOf("one"), device, image));
  EXPECT_TRUE(IsVerifiedAs(FilesOf("same"), device, image));
  EXPECT_FALSE(IsVerifiedAs(FilesOf("another"), another, image));
  EXPECT_FALSE(IsVerifiedAs(FilesOf("same"), std::nullopt, image));
  EXPECT_FALSE(IsVerifiedAs({}, device, image));
  // As the kernel names what a push has replaced.
  EXPECT_FALSE(IsVerifiedAs(FilesOf("one", " (deleted)"), device, image));
  base::Unlink(At("same") + "/image.verity");
  EXPECT_FALSE(IsVerifiedAs(FilesOf("same"), device, image));
  base::Unlink(At("one") + "/image.verity");
  EXPECT_FALSE(IsVerifiedAs(FilesOf("another"), device, image));
}

}  // namespace
}  // namespace activator
