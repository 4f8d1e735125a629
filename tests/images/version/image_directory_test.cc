#include "images/version/image_directory.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/images/sample.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace images {
namespace {

using base::ExitCode;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class ImageDirectoryTest : public tests::ScratchTest {
 protected:
  ImageDirectoryTest() {
    Put(version_ + "/manifest.json", text_);
    Put(version_ + "/image.erofs", SampleImage());
    Put(version_ + "/image.caibx", SampleIndex().Serialize());
  }
  std::string Refusal(const std::string& name) {
    const base::Error error = tests::ErrorOf([&] { ImageDirectory(At(name)).ReadIndex(); });
    EXPECT_EQ(error.code(), ExitCode::kVerification) << error.what();
    return error.what();
  }

  const std::string text_ = SampleManifest().Serialize();
  const ImageId id_ = ImageId::Of(base::Sha256Of(text_));
  const std::string version_ = "nginx/" + id_.text();
};

TEST_F(ImageDirectoryTest, IsWhatItsManifestSays) {
  const ImageDirectory directory(At(version_));
  EXPECT_EQ(directory.path(), At(version_));
  EXPECT_EQ(directory.manifest(), SampleManifest());
  EXPECT_EQ(directory.stored().text, text_);
  EXPECT_EQ(directory.stored().digest, base::Sha256Of(text_));
  EXPECT_EQ(directory.id(), id_);
  EXPECT_EQ(directory.image_path(), At(version_) + "/image.erofs");
  EXPECT_EQ(directory.ReadIndex().chunks(), SampleIndex().chunks());
}

TEST_F(ImageDirectoryTest, MayBeGivenByALinkOrWithASlash) {
  ASSERT_EQ(::symlink(id_.text().c_str(), At("nginx/latest").c_str()), 0);
  EXPECT_EQ(ImageDirectory(At("nginx/latest")).id(), id_);
  EXPECT_EQ(ImageDirectory(At(version_) + "/").id(), id_);
  EXPECT_EQ(ImageDirectory(At(version_) + "/.").id(), id_);
}

TEST_F(ImageDirectoryTest, MovedIsRefused) {
  std::filesystem::copy(At(version_), At("nginx/0123456789abcdef"));
  EXPECT_EQ(Refusal("nginx/0123456789abcdef"),
            At("nginx/0123456789abcdef") + " holds the manifest of " + version_ +
                ": it was changed or moved; build or push it again");
  std::filesystem::create_directory(At("other"));
  std::filesystem::copy(At(version_), At("other/" + id_.text()));
  EXPECT_THAT(Refusal("other/" + id_.text()), HasSubstr("it was changed or moved"));
}

TEST_F(ImageDirectoryTest, ChangedManifestIsRefused) {
  Manifest changed = SampleManifest();
  changed.services.at("nginx").hardening = "none";
  Put(version_ + "/manifest.json", changed.Serialize());
  EXPECT_THAT(Refusal(version_), HasSubstr("it was changed or moved"));
}

TEST_F(ImageDirectoryTest, ImageOfAnotherSizeIsRefused) {
  Put(version_ + "/image.erofs", "hello");
  EXPECT_EQ(Refusal(version_), At(version_) + "/image.erofs has 5 bytes, its manifest says 12");
}

TEST_F(ImageDirectoryTest, MissingImageIsRefused) {
  std::filesystem::remove(At(version_) + "/image.erofs");
  EXPECT_EQ(Refusal(version_), At(version_) + "/image.erofs is missing; build or push it again");
}

TEST_F(ImageDirectoryTest, AnotherIndexIsRefused) {
  chunker::ChunkIndex other;
  other.Append({base::Sha256Of(SampleImage())}, 12);
  Put(version_ + "/image.caibx", other.Serialize());
  EXPECT_THAT(Refusal(version_), EndsWith("/image.caibx is not the index that the manifest of "
                                          "nginx names"));
}

TEST_F(ImageDirectoryTest, IndexThatDoesNotCoverTheImageIsRefused) {
  chunker::ChunkIndex other;
  other.Append({base::Sha256Of("hello")}, 5);
  Manifest manifest = SampleManifest();
  manifest.index_sha256 = base::Sha256Of(other.Serialize());
  EXPECT_EQ(tests::MessageOf([&] { ParseIndexOf(manifest, other.Serialize(), "x"); }),
            "x covers 5 bytes, the image has 12");
}

TEST_F(ImageDirectoryTest, WhereThereIsNoneIsNoVerification) {
  const base::Error error = tests::ErrorOf([&] { ImageDirectory(At("nginx")); });
  EXPECT_EQ(error.code(), ExitCode::kFailed);
  EXPECT_EQ(error.what(), "cannot open " + At("nginx/manifest.json: No such file or directory"));
}

}  // namespace
}  // namespace images
