// Slow and dead links to real hosts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>

#include "base/atomic_file.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

// A push whose link stops after 3 MB of what is sent, until Open().
class StoppedPush {
 public:
  StoppedPush(const Workshop& workshop, const TestHost& host, const std::string& image)
      : folder_(workshop.folder()) {
    base::WriteFileAtomically(folder_ + "/slow-ssh",
                              "#!/bin/sh\n(dd bs=4096 iflag=count_bytes count=3000000 status=none; "
                              ": >" +
                                  folder_ + "/stopped; while [ ! -e " + folder_ +
                                  "/open ]; do sleep 0.05; done; exec cat) | ssh -F " +
                                  host.SshConfig() + " \"$@\"\n",
                              0755);
    result_ = std::async(std::launch::async, [this, name = host.Name(), image] {
      return RunCommand({SLIPWAY_BIN "/imgpush", "--ssh", folder_ + "/slow-ssh", name, image},
                        {.timeout = std::chrono::seconds(120)});
    });
    while (!base::Exists(folder_ + "/stopped") && !HasEnded()) {
      ::usleep(20'000);
    }
  }
  bool HasEnded() const {
    return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  void Open() const { base::WriteFileAtomically(folder_ + "/open", ""); }
  RunResult Result() { return result_.get(); }

 private:
  const std::string folder_;
  std::future<RunResult> result_;
};

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
