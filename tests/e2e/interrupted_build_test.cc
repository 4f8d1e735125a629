// Builds that are interrupted or killed at any moment, and builds of one image at once: what is
// published is always whole, and the next build finds nothing in its way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "base/atomic_file.h"
#include "images/version/image_directory.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

constexpr int kRounds = 12;

class InterruptedBuildTest : public testing::Test {
 protected:
  void SetUp() override {
    // Several segments of work: some of it compresses, some is found twice.
    std::mt19937_64 random(7);
    std::string text;
    while (text.size() < 12000000) {
      text += "word" + std::to_string(random() % 100000) + (random() % 9 == 0 ? "\n" : " ");
    }
    workshop_.Put("root/a", text);
    workshop_.Put("root/b", text.substr(1000000));
    workshop_.Put("root/bin/app", "program");
    MustRun({"chmod", "755", workshop_.At("root/bin/app")});
  }
  // `before`: a program that runs it. The cache is the test's own: what a kill leaves in it is used
  // by the next build.
  RunResult Build(std::vector<std::string> before = {}) const {
    before.insert(before.end(), {SLIPWAY_BIN "/imgbuild", "--output", workshop_.At("built"),
                                 "--name", "app", "--root", workshop_.At("root"), "--exec",
                                 "/bin/app", "--target", Target(), "--level", "5"});
    return RunCommand(before, {.env = {"XDG_CACHE_HOME=" + workshop_.At("cache")}});
  }
  std::vector<std::string> Left() const { return base::ListDirectory(workshop_.At("built/app")); }
  // Every published image, by its digest; returns how many there are.
  size_t CheckPublished() const {
    size_t count = 0;
    for (const std::string& name : Left()) {
      if (!name.starts_with(base::kTemporaryPrefix) && name != "latest") {
        const images::ImageDirectory image(workshop_.At("built/app/" + name));
        EXPECT_EQ(base::Sha256OfFile(image.image_path()), image.manifest().image.sha256);
        ++count;
      }
    }
    return count;
  }

  Workshop workshop_;
};

TEST_F(InterruptedBuildTest, AGoodBuildFollowsOneThatWasKilledAtAnyMoment) {
  const auto start = std::chrono::steady_clock::now();
  const RunResult whole = Build();
  const std::chrono::duration<double> length = std::chrono::steady_clock::now() - start;
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < kRounds; ++round) {
    base::RemoveTree(workshop_.At("built"));
    if (round % 3 == 0) {
      base::RemoveTree(workshop_.At("cache"));
    }
    const bool kill = round % 2 == 0;
    const double after = length.count() * static_cast<double>(random() % 1000) / 1000;
    // --foreground: one signal; without, the program's group has it once more.
    const RunResult cut =
        Build({"timeout", "--preserve-status", "--foreground",
               kill ? "--signal=KILL" : "--signal=INT", std::to_string(after + 0.001)});
    SCOPED_TRACE(Describe({"after", std::to_string(after)}, cut));
    const size_t published = CheckPublished();
    if (cut.exit_code == 130) {
      EXPECT_EQ(published, 0U);
      EXPECT_TRUE(Left().empty()) << testing::PrintToString(Left());
    } else if (cut.exit_code != 0) {
      EXPECT_EQ(cut.exit_code, 137);
    }
    const RunResult again = Build();
    EXPECT_EQ(again.out, whole.out) << again.err;
    EXPECT_EQ(CheckPublished(), 1U);
    EXPECT_EQ(Left().size(), 2U) << testing::PrintToString(Left());
  }
}

TEST_F(InterruptedBuildTest, TwoBuildsOfOneImageAtOnceBothSucceed) {
  for (int round = 0; round < 3; ++round) {
    base::RemoveTree(workshop_.At("built"));
    RunResult one;
    std::thread other([&] { one = Build(); });
    const RunResult two = Build();
    other.join();
    EXPECT_EQ(one.exit_code, 0) << one.err;
    EXPECT_EQ(two.exit_code, 0) << two.err;
    EXPECT_EQ(one.out, two.out);
    EXPECT_EQ(CheckPublished(), 1U);
    EXPECT_EQ(Left().size(), 2U) << testing::PrintToString(Left());
  }
}

}  // namespace
}  // namespace tests
