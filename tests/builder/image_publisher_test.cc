#include "builder/image_publisher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/atomic_file.h"
#include "images/label.h"
#include "images/release/release.h"
#include "images/version/image_directory.h"

namespace builder {
namespace {

class ImagePublisherTest : public testing::Test {
 protected:
  // A whole image directory's files in `publisher`'s folder, and its manifest.
  static images::Manifest Fill(const ImagePublisher& publisher, const std::string& content) {
    chunker::ChunkIndex index;
    index.Append(chunker::ChunkId{base::Sha256Of(content)}, static_cast<uint32_t>(content.size()));
    base::WriteFileAtomically(publisher.folder() + "/" + images::kImageFile, content);
    base::WriteFileAtomically(publisher.folder() + "/" + images::kIndexFile, index.Serialize());
    images::Manifest manifest;
    manifest.name = "app";
    manifest.image.size_bytes = content.size();
    manifest.image.sha256 = base::Sha256Of(content);
    manifest.image.block_size = 4096;
    manifest.index_sha256 = base::Sha256Of(index.Serialize());
    return manifest;
  }

  std::string PublishOne(const std::string& content) const {
    ImagePublisher publisher(output_.path(), "app");
    return publisher.Publish(Fill(publisher, content));
  }

  std::vector<std::string> Names() const { return base::ListDirectory(output_.path() + "/app"); }

  base::TemporaryDirectory output_{testing::TempDir(), "slipway-publish-"};
};

TEST_F(ImagePublisherTest, PublishesADirectoryNamedByItsManifest) {
  const std::string path = PublishOne("content");
  const images::ImageDirectory image(path);
  EXPECT_EQ(image.id().text(), base::BaseName(path));
  EXPECT_EQ(base::ReadLinkIfThere(output_.path() + "/app/latest"), image.id().text());
  EXPECT_EQ(base::StatIfThere(path)->st_mode & 0777U, 0755U);
  EXPECT_EQ(Names().size(), 2U);
}

TEST_F(ImagePublisherTest, TheSameImageAgainStaysAsItIs) {
  const std::string path = PublishOne("content");
  const auto inode = base::StatIfThere(path)->st_ino;
  EXPECT_EQ(PublishOne("content"), path);
  EXPECT_EQ(base::StatIfThere(path)->st_ino, inode);
  EXPECT_EQ(Names().size(), 2U);
}

TEST_F(ImagePublisherTest, ADamagedImageIsReplaced) {
  const std::string path = PublishOne("content");
  base::WriteFileAtomically(path + "/" + images::kImageFile, "c0ntent");
  EXPECT_EQ(PublishOne("content"), path);
  EXPECT_EQ(base::ReadFile(path + "/" + images::kImageFile), "content");
}

TEST_F(ImagePublisherTest, ADamagedImageKeepsItsLabelAndSignatures) {
  const std::string path = PublishOne("content");
  images::WriteLabel(path, "1.4.0");
  base::WriteFileAtomically(path + "/" + images::kReleaseFile, "signed");
  base::WriteFileAtomically(path + "/" + images::kImageFile, "c0ntent");
  PublishOne("content");
  EXPECT_EQ(base::ReadFile(path + "/" + images::kImageFile), "content");
  EXPECT_EQ(images::ReadLabel(path), "1.4.0");
  EXPECT_EQ(base::ReadFile(path + "/" + images::kReleaseFile), "signed");
  // What is too long for a release is none.
  base::WriteFileAtomically(path + "/" + images::kReleaseFile,
                            std::string(images::kMaxReleaseBytes + 1, 'x'));
  base::WriteFileAtomically(path + "/" + images::kImageFile, "c0ntent");
  PublishOne("content");
  EXPECT_FALSE(base::Exists(path + "/" + images::kReleaseFile));
}

TEST_F(ImagePublisherTest, ABuildThatEndsEarlyLeavesNothing) {
  PublishOne("content");
  { const ImagePublisher publisher(output_.path(), "app"); }
  EXPECT_EQ(Names().size(), 2U);
}

TEST_F(ImagePublisherTest, RemovesWhatAKilledBuildLeftButNotALivingOne) {
  base::MakeDirectories(output_.path() + "/app/.slipway-tmp-killed/sub");
  const ImagePublisher living(output_.path(), "app");
  const ImagePublisher second(output_.path(), "app");
  EXPECT_FALSE(base::Exists(output_.path() + "/app/.slipway-tmp-killed"));
  EXPECT_TRUE(base::Exists(living.folder()));
}

}  // namespace
}  // namespace builder
