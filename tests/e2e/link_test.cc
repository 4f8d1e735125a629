// Slow and dead links to real hosts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/scene.h"
#include "tests/e2e/stopped_push.h"

namespace tests {
namespace {

using testing::HasSubstr;

TEST(LinkTest, ASlowPushDoesNotKeepAnybodyFromRollingBack) {
  Workshop workshop;
  const TestHost host("slow");
  MustPushTo(host, {workshop.Build("hello", "hello")});
  MustActivate(host, "--generation 1");
  MustPushTo(host, {workshop.Build("hello", "hello",
                                   {{"services", {{"hello", {{"environment", {{"X", "1"}}}}}}}})});
  MustActivate(host, "--generation 2");
  StoppedPush push(workshop, host, workshop.Build("nginx", "v1"));
  const RunResult rollback = Activate(host, "--rollback");
  EXPECT_EQ(rollback.exit_code, 0) << rollback.err;
  EXPECT_FALSE(push.HasEnded());
  push.Open();
  const RunResult result = push.Result();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("generation 3 staged"));
  EXPECT_EQ(host.MustRun("readlink /var/lib/images/current"), "generations/1\n");
}

TEST(LinkTest, ANetworkThatIsCutEndsThePushAndTheNextOneGoesOn) {
  Workshop workshop;
  const TestHost host("cut");
  MustPushTo(host, {workshop.Build("hello", "hello")});  // the agent is there
  const std::string v1 = workshop.Build("nginx", "v1");
  StoppedPush push(workshop, host, v1);
  ASSERT_EQ(host.Net({"ip", "link", "set", "lo", "down"}).exit_code, 0);
  push.Open();
  const RunResult broken = push.Result();
  EXPECT_EQ(broken.exit_code, 7) << broken.err;
  EXPECT_THAT(broken.err, HasSubstr("imgpush: error: cut"));
  EXPECT_EQ(broken.out, "");
  EXPECT_EQ(host.Net({"ip", "link", "set", "lo", "up"}).exit_code, 0);
  // The other agent holds the transfer until it has given up, too.
  const Push resumed = MustPushTo(host, {"--lock-wait", "60s", v1});
  EXPECT_LT(resumed.sent_bytes, resumed.image_bytes - 2'000'000);
  EXPECT_EQ(host.MustRun("ls -A /var/lib/images/incoming"), "");
}

}  // namespace
}  // namespace tests
