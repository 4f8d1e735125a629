// Hosts that cannot take an image: one clear line each, the documented exit code, nothing
// half-written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "images/version/image_directory.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

class BadHostTest : public testing::Test {
 protected:
  void SetUp() override { image_ = workshop_.Build("hello", "hello"); }

  static void ExpectRefused(const RunResult& result, int exit_code, const std::string& text) {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }

  Workshop workshop_;
  std::string image_;
};

TEST_F(BadHostTest, AHostThatIsNotThere) {
  ExpectRefused(Imgpush("/dev/null", {"no-such-host.invalid", image_}), 7, "no-such-host.invalid");
}

TEST_F(BadHostTest, ANameThatWasNotBuilt) {
  ExpectRefused(
      Imgpush("", {"dir:" + workshop_.folder() + "/host", "--images", workshop_.images(), "ngimx"}),
      2, "ngimx");
}

TEST_F(BadHostTest, AHostWithoutSystemd) {
  const TestHost host("plain");
  host.MustRun("mount -t tmpfs tmpfs /run/systemd");  // hides the directory that tells
  const Push push = PushTo(host, {image_});
  ExpectRefused(push.result, 1, "systemd");
  EXPECT_EQ(host.Run("ls /var/lib/images/hello").exit_code, 2);
}

TEST_F(BadHostTest, ARootThatSomebodyElseCanWrite) {
  const TestHost host("shared");
  host.MustRun("mkdir -p /srv/shared && chmod 777 /srv/shared");
  const RunResult result =
      Imgpush(host.SshConfig(), {"--root", "/srv/shared/images", host.Name(), image_});
  ExpectRefused(result, 1, "/srv/shared");
  EXPECT_EQ(host.Run("ls /srv/shared/images").exit_code, 2);
}

TEST_F(BadHostTest, AFullDisk) {
  const std::string nginx = workshop_.Build("nginx", "v1");
  const TestHost host("full", {.suite = "", .disk = "16M"});
  const Push push = PushTo(host, {nginx});
  ExpectRefused(push.result, 1, "free");
  EXPECT_EQ(host.Run("ls /var/lib/images/nginx").exit_code, 2);
  EXPECT_EQ(host.MustRun("ls -A /var/lib/images/incoming"), "");
}

// No kernel here lacks both codecs, so the manifest asks for one that none has.
TEST_F(BadHostTest, AKernelThatCannotMountTheImage) {
  images::Manifest manifest = images::ImageDirectory(image_).manifest();
  manifest.image.required_features = {"erofs-future"};
  const std::string text = manifest.Serialize();
  const std::string future =
      base::ParentOf(image_) + "/" + images::ImageId::Of(base::Sha256Of(text)).text();
  MustRun({"cp", "-r", image_, future});
  MustRun({"tee", future + "/manifest.json"}, {.input = text});
  const TestHost host("old");
  const Push push = PushTo(host, {future});
  ExpectRefused(push.result, 1, "lz4");
  EXPECT_EQ(host.Run("ls /var/lib/images/hello").exit_code, 2);
}

}  // namespace
}  // namespace tests
