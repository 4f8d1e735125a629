// activate killed between each two steps of a switch: after the next activate and, separately,
// after a reboot, one version answers and status names it. The agent is a build of activate that
// kills itself where it is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/version/image_directory.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class CrashTest : public testing::Test {
 protected:
  CrashTest() {
    MustActivate(host_,
                 "--generation " +
                     std::to_string(MustPushTo(host_, {v1_}, SLIPWAY_KILLED_AGENT).generation));
    generation_ = MustPushTo(host_, {v2_}, SLIPWAY_KILLED_AGENT).generation;
  }
  void KillAfter(int step) const {
    host_.MustRun("echo " + std::to_string(step) + " > /run/slipway-test-kill-step");
    const RunResult killed = Activate(host_, "--generation " + std::to_string(generation_));
    EXPECT_EQ(killed.exit_code, 4) << killed.out << killed.err;
    host_.MustRun("rm /run/slipway-test-kill-step");
  }

  // One version answers, the process runs from its image, and status names it.
  void ExpectOneVersion() const {
    const std::string page = Page(host_);
    ASSERT_THAT(page, AnyOf(HasSubstr("v1"), HasSubstr("v2")));
    const std::string& image = page.find("v2") != std::string::npos ? v2_ : v1_;
    const std::string id = images::ImageDirectory(image).id().text();
    EXPECT_EQ(RootImageOf(host_, "nginx.service"), "/var/lib/images/nginx/" + id + "/image.erofs");
    const RunResult status = Activate(host_, "status");
    EXPECT_EQ(status.exit_code, 0) << status.err;
    EXPECT_THAT(status.out, HasSubstr(id));
    EXPECT_EQ(host_.Run("test -e /var/lib/images/switch.json").exit_code, 1);
  }

  Workshop workshop_;
  const std::string v1_ = workshop_.Build("nginx", "v1");
  const std::string v2_ = workshop_.Build("nginx", "v2");
  const TestHost host_{"crash"};
  uint64_t generation_ = 0;
};

// A generation that was left by a recovery may be activated again.
TEST_F(CrashTest, TheBootUnitStartedByHandRecovers) {
  for (int step = 1; step < 8; ++step) {
    SCOPED_TRACE(step);
    KillAfter(step);
    host_.MustRun("systemctl restart slipway-boot.service");
    ExpectOneVersion();
    EXPECT_THAT(Page(host_), HasSubstr("v1"));
    EXPECT_THAT(Activate(host_, "status").out, HasSubstr("the host matches generation 1"));
  }
}

class CrashStepTest : public CrashTest, public testing::WithParamInterface<int> {
 protected:
  void SetUp() override { KillAfter(GetParam()); }
};

TEST_P(CrashStepTest, TheNextActivateRecovers) {
  MustActivate(host_, "prune --keep 3");
  ExpectOneVersion();
}

TEST_P(CrashStepTest, ARebootRecovers) {
  host_.Reboot();
  ExpectOneVersion();
}

INSTANTIATE_TEST_SUITE_P(AfterStep, CrashStepTest, testing::Range(1, 8));

}  // namespace
}  // namespace tests
