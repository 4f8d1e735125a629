// Pruning on a real host beside others who work there: a push that reads from an old version, and
// another prune.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "images/version/image_directory.h"
#include "tests/e2e/scene.h"
#include "tests/e2e/stopped_push.h"

namespace tests {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

std::string PathOf(const std::string& image) {
  const images::ImageDirectory built(image);
  return "/var/lib/images/" + built.manifest().name + "/" + built.id().text();
}

// nginx v1 stays on the host, in no generation that a prune would keep.
class PruneOnHostTest : public testing::Test {
 protected:
  PruneOnHostTest() {
    MustPushTo(host_, {old_});
    MustActivate(host_, "--latest");
    MustActivate(host_, "remove nginx");
    for (const char* description : {"one", "two"}) {
      MustPushTo(
          host_,
          {workshop_.Build(
              "hello", "hello",
              {{"services",
                {{"hello", {{"directives", {{"Unit", {{"Description", description}}}}}}}}}})});
      MustActivate(host_, "--latest");
    }
  }
  bool Holds(const std::string& image) const {
    return host_.Run("test -e " + PathOf(image)).exit_code == 0;
  }

  Workshop workshop_;
  const std::string old_ = workshop_.Build("nginx", "v1");
  const std::string new_ = workshop_.Build("nginx", "v2");
  const TestHost host_{"prune"};
};

TEST_F(PruneOnHostTest, LeavesWhatAPushInProgressReadsFromAndWhatItWrites) {
  StoppedPush push(workshop_, host_, new_, 100'000, {"--no-deltas"});
  ASSERT_FALSE(push.HasEnded());
  const std::string transfer = host_.MustRun("ls /var/lib/images/incoming");
  const RunResult prune = Activate(host_, "prune --keep 1");
  EXPECT_EQ(prune.exit_code, 0) << prune.err;
  EXPECT_THAT(prune.err,
              AnyOf(HasSubstr("a push reads from " + PathOf(old_) + ": left there"),
                    // what was removed a moment ago may still be about to end
                    HasSubstr(PathOf(old_) + " is still mounted or used by a unit: left there")));
  EXPECT_THAT(prune.out, Not(HasSubstr(PathOf(old_))));
  EXPECT_TRUE(Holds(old_));
  EXPECT_EQ(host_.MustRun("ls /var/lib/images/incoming"), transfer);
  push.Open();
  const RunResult pushed = push.Result();
  EXPECT_EQ(pushed.exit_code, 0) << pushed.err;
  MustActivate(host_, "verify");
  MustActivate(host_, "--latest");
  EXPECT_THAT(Page(host_), HasSubstr("v2"));
  EXPECT_TRUE(Holds(new_));
}

TEST_F(PruneOnHostTest, TwoAtOnceAreOneAfterTheOther) {
  RunResult one;
  std::thread other([&] { one = Activate(host_, "prune --keep 1 --lock-wait 60s"); });
  const RunResult two = Activate(host_, "prune --keep 1 --lock-wait 60s");
  other.join();
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(two.exit_code, 0) << two.err;
  const auto removals = [](const RunResult& result) {
    return result.out.find("/var/lib/images/nginx/") != std::string::npos;
  };
  EXPECT_NE(removals(one), removals(two)) << one.out << two.out;
  EXPECT_FALSE(Holds(old_));
  MustActivate(host_, "verify");
  EXPECT_THAT(Page(host_, "http://127.0.0.1:8080/"), HasSubstr("hello v1"));
}

}  // namespace
}  // namespace tests
