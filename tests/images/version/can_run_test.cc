#include "images/version/can_run.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace images {
namespace {

std::string Refusal(const HostAbilities& host) {
  Manifest image;
  image.name = "app";
  image.architecture = "x86_64";
  image.image.required_features = {"erofs-zstd"};
  try {
    CheckCanRun(image, host, "host web1");
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ExitCode::kFailed);
    return error.what();
  }
  return "";
}

TEST(CanRunTest, SaysWhatTheHostLacksAndWhatToDo) {
  EXPECT_EQ(Refusal({"x86_64", {"erofs-lz4", "erofs-zstd"}}), "");
  EXPECT_EQ(Refusal({"aarch64", {"erofs-lz4", "erofs-zstd"}}),
            "host web1 is aarch64, the image app is built for x86_64");
  EXPECT_EQ(Refusal({"x86_64", {"erofs-lz4"}}),
            "host web1 cannot mount zstd EROFS images; it can mount: lz4; build with --target lz4");
  EXPECT_EQ(Refusal({"x86_64", {}}),
            "host web1 cannot mount zstd EROFS images, nor any other kind: its kernel needs EROFS "
            "and loop devices");
}

TEST(CanRunTest, AVerityRootNeedsAHostThatVerifies) {
  Manifest image;
  image.name = "app";
  image.architecture = "x86_64";
  image.image.required_features = {"erofs-zstd"};
  image.image.verity_root = base::Sha256();
  EXPECT_NO_THROW(CheckCanRun(image, {"x86_64", {"dm-verity", "erofs-zstd"}}, "web1"));
  try {
    CheckCanRun(image, {"x86_64", {"erofs-zstd"}}, "host web1");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ExitCode::kFailed);
    EXPECT_STREQ(
        error.what(),
        "host web1 cannot verify what app reads, as \"verity\" in its definition wants: its "
        "kernel needs dm-verity, its systemd libcryptsetup (Debian 13: apt install "
        "libcryptsetup12)");
  }
  EXPECT_EQ(Refusal({"x86_64", {"dm-verity"}}),
            "host web1 cannot mount zstd EROFS images, nor any other kind: its kernel needs EROFS "
            "and loop devices");
}

TEST(CanRunTest, AProcessorOfArmRunsWhatIsBuiltForAnEarlierOne) {
  Manifest image;
  image.architecture = "armv6l";
  EXPECT_NO_THROW(CheckCanRun(image, {"armv7l", {}}, "pi"));
  EXPECT_NO_THROW(CheckCanRun(image, {"armv6l", {}}, "pi"));
  EXPECT_THROW(CheckCanRun(image, {"armv5tel", {}}, "pi"), base::Error);
  EXPECT_THROW(CheckCanRun(image, {"x86_64", {}}, "pi"), base::Error);
}

TEST(CanRunTest, AKernelForX86Of64BitsRunsWhatIsBuiltFor32) {
  EXPECT_TRUE(RunsProgramsOf("x86_64", "i686"));
  EXPECT_FALSE(RunsProgramsOf("i686", "x86_64"));
  EXPECT_FALSE(RunsProgramsOf("aarch64", "x86_64"));
}

}  // namespace
}  // namespace images
