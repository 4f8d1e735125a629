#include "images/version/image_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/synthetic_image.h"

namespace images {
namespace {

using testing::HasSubstr;

class ImageChoiceTest : public testing::Test {
 protected:
  std::string ErrorOf(const std::vector<std::string>& arguments) {
    try {
      ChooseImages(directory_.path(), arguments);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ExitCode::kUsage);
      return error.what();
    }
    return "none";
  }
  std::string Write(const std::string& name, const std::string& version) {
    return tests::WriteImage(directory_.path(), {name, version, {"content of " + name}, "", {}});
  }

  base::TemporaryDirectory directory_{"/tmp", "choice-"};
};

TEST_F(ImageChoiceTest, ANameIsItsNewestBuild) {
  Write("nginx", "1");
  const std::string newest = Write("nginx", "2");
  const auto chosen = ChooseImages(directory_.path(), {"nginx"});
  ASSERT_EQ(chosen.size(), 1U);
  EXPECT_EQ(chosen[0].path(), newest);
}

TEST_F(ImageChoiceTest, ADirectoryIsItself) {
  const std::string old = Write("nginx", "1");
  Write("nginx", "2");
  EXPECT_EQ(ChooseImages(directory_.path(), {old}).at(0).path(), old);
}

TEST_F(ImageChoiceTest, NoNameIsAllThatWereBuilt) {
  Write("nginx", "1");
  Write("redis", "1");
  EXPECT_EQ(ChooseImages(directory_.path(), {}).size(), 2U);
}

TEST_F(ImageChoiceTest, WhatIsNotThereIsNamedWithWhatIs) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("run imgbuild NAME first"));
  EXPECT_THAT(ErrorOf({"nginx"}), HasSubstr("run: imgbuild nginx"));
  Write("redis", "1");
  EXPECT_THAT(ErrorOf({"nginx"}), HasSubstr("(there are: redis); run: imgbuild nginx"));
  EXPECT_THAT(ErrorOf({"no/such"}), HasSubstr("no/such is no image directory"));
  EXPECT_THAT(ErrorOf({"Nginx"}), HasSubstr("is not possible"));
}

TEST_F(ImageChoiceTest, TwoVersionsOfOneNameAreRefused) {
  const std::string old = Write("nginx", "1");
  Write("nginx", "2");
  EXPECT_THAT(ErrorOf({old, "nginx"}), HasSubstr("nginx is named twice"));
}

}  // namespace
}  // namespace images
