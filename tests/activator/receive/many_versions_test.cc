// A host whose versions are far more than one message can name.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/activator/receive/push_fixture.h"

namespace activator {
namespace {

class ManyVersionsTest : public PushTest {
 protected:
  // Complete versions of an application that comes before the others by name.
  void Hold(int count) {
    const std::string name = "a";
    const images::ImageDirectory one(
        tests::WriteImage(directory_.path() + "/one", {name, "first", {"one chunk"}, "", {}}));
    base::MakeDirectories(layout().Application(name));
    for (int i = 0; i < count; ++i) {
      std::string manifest = one.stored().text;
      manifest.replace(manifest.find("first"), 5, std::to_string(i));
      const std::string version =
          layout().Version(name, images::ImageId::Of(base::Sha256Of(manifest)));
      ASSERT_EQ(::mkdir(version.c_str(), 0755), 0);
      std::ofstream(version + "/" + images::kManifestFile) << manifest;
      for (const char* file : {images::kImageFile, images::kIndexFile}) {
        ASSERT_EQ(::link((one.path() + "/" + file).c_str(), (version + "/" + file).c_str()), 0);
      }
    }
  }
};

TEST_F(ManyVersionsTest, APlanAndAPushFindTheBasisAmong20000) {
  ASSERT_NO_FATAL_FAILURE(Hold(20'000));
  const std::string old = Build("1");
  EXPECT_EQ(Push({old}).error, "");
  chunks_[3].replace(5000, 20, "twenty other letters");
  const std::string update = Build("2");
  EXPECT_EQ(Plan(update).images.at(0).image.basis, "app/" + base::BaseName(old));
  const Outcome outcome = Push({update});
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.images.at(0).chunks_as_delta, 1U);
  EXPECT_EQ(outcome.images.at(0).chunks_failed, 0U);
  ExpectSame(update);
}

}  // namespace
}  // namespace activator
