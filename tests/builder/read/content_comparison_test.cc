#include "builder/read/content_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "builder/read/read_back.h"
#include "tests/builder/sample_trees.h"

namespace builder {
namespace {

using testing::HasSubstr;

constexpr size_t kLarge = 9'000'001;  // three pieces

// Files of every kind of batch beside one another: empty ones first, behind a large one and last.
std::map<std::string, std::string> Files() {
  std::mt19937_64 random(1);
  std::map<std::string, std::string> out = {{"/a-empty", ""}, {"/d-empty", ""}, {"/z-empty", ""}};
  out["/b-small"] = tests::RandomText(random, 1000);
  out["/c-large"] = tests::RandomText(random, kLarge);
  out["/e-piece"] = tests::RandomText(random, 4 << 20);
  out["/f-empty"] = "";
  for (int i = 0; i < 60; ++i) {
    out["/g-many" + std::to_string(100 + i)] = tests::RandomText(random, 150'000);
  }
  return out;
}

Tree TreeOf(const std::map<std::string, std::string>& files) {
  Tree out;
  for (const auto& [path, content] : files) {
    out.AddLiteral(path, content);
  }
  return out;
}

class ContentComparisonTest : public testing::Test {
 protected:
  void SetUp() override { tests::WriteImage(TreeOf(files_), image_, "lz4"); }

  // With a byte changed at each of the places.
  std::string DifferenceWith(const std::vector<std::pair<std::string, size_t>>& places) const {
    std::map<std::string, std::string> files = files_;
    for (const auto& [path, at] : places) {
      files.at(path).at(at) ^= 1;
    }
    try {
      ReadBack(image_, TreeOf(files), base::Io());
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ExitCode::kVerification);
      return error.what();
    }
    return "";
  }

  const std::map<std::string, std::string> files_ = Files();
  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-comparison-"};
  const std::string image_ = folder_.path() + "/image.erofs";
};

TEST_F(ContentComparisonTest, FindsAByteAnywhere) {
  EXPECT_EQ(DifferenceWith({}), "");
  for (const size_t at : {size_t{0}, (size_t{4} << 20) - 1, size_t{4} << 20, kLarge - 1}) {
    EXPECT_THAT(DifferenceWith({{"/c-large", at}}), HasSubstr("/c-large: other content")) << at;
  }
  for (const char* path : {"/b-small", "/e-piece", "/g-many100", "/g-many130", "/g-many159"}) {
    EXPECT_THAT(DifferenceWith({{path, 999}}), HasSubstr(std::string(path) + ": other content"));
  }
}

TEST_F(ContentComparisonTest, NamesTheFirstOfSeveral) {
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(DifferenceWith({{"/c-large", kLarge - 1}, {"/e-piece", 0}, {"/g-many159", 0}}),
                HasSubstr("/c-large: other content from byte 8388608"));
  }
}

}  // namespace
}  // namespace builder
