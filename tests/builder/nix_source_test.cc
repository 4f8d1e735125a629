#include "builder/nix_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

std::string ErrorOf(const images::NixSource& source) {
  try {
    ResolveNix(source, {});
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(PackageNameTest, TheVersionStartsAtTheFirstDashBeforeADigit) {
  const std::string hash = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-";
  EXPECT_EQ(PackageNameOf(hash + "nginx-1.22.1").name, "nginx");
  EXPECT_EQ(PackageNameOf(hash + "nginx-1.22.1").version, "1.22.1");
  EXPECT_EQ(PackageNameOf(hash + "libpcre2-8-0-10.42").name, "libpcre2");
  EXPECT_EQ(PackageNameOf(hash + "source").name, "source");
  EXPECT_EQ(PackageNameOf(hash + "source").version, "");
  EXPECT_EQ(PackageNameOf(hash + "trailing-").name, "trailing-");
}

TEST(NixSourceTest, SaysThatAPathDoesNotExist) {
  images::NixSource source;
  source.path = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-none";
  EXPECT_THAT(ErrorOf(source), testing::HasSubstr("does not exist"));
}

TEST(NixSourceTest, SaysThatAPathIsOutsideTheStore) {
  images::NixSource source;
  source.path = "/tmp";
  EXPECT_THAT(ErrorOf(source), testing::HasSubstr("is not in /nix/store/"));
}

TEST(NixSourceTest, SaysThatNixIsNotInstalled) {
  const base::TemporaryDirectory folder(testing::TempDir(), "slipway-nix-");
  images::NixSource source;
  source.file = "/dev/null";
  source.attr = "x";
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder.path().c_str(), 1);
  const std::string error = ErrorOf(source);
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(error, testing::HasSubstr("nix-build is not installed"));
  EXPECT_THAT(error, testing::HasSubstr("apt install nix-bin"));
}

}  // namespace
}  // namespace builder
