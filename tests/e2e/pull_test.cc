// A real host that pulls from a store: enrolled, with its units, fetch in its sandbox, and what is
// left of it afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "tests/e2e/signed_scene.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kFetch = SLIPWAY_FETCH;

class PullHostTest : public SignedScene {
 protected:
  // Into the store, of which the host gets a copy.
  void Publish(const TestHost& host, const std::string& image) {
    Sign(image, "alice");
    const RunResult done =
        Imgpush("", {"publish", "--key", At("alice"), At("store"), "web", image});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    host.MustRun("rm -rf /srv/store");
    host.Copy(At("store"), "/srv/store");
    host.MustRun("chmod -R a+rX /srv/store");
  }
  RunResult Enroll(const TestHost& host, const std::string& every = "hourly") const {
    const nlohmann::json enrollment = {{"format", 1},
                                       {"store", "/srv/store"},
                                       {"host", "web1"},
                                       {"groups", nlohmann::json::array()},
                                       {"channels", {"web"}},
                                       {"every", every},
                                       {"random_delay_seconds", 60},
                                       {"fetch_sha256", base::Sha256OfFile(kFetch).ToHex()}};
    RunOptions options;
    options.input = enrollment.dump();
    return host.Run("/var/lib/images/bin/activate enroll", options);
  }
  void BringFetch(const TestHost& host) const {
    host.Copy(kFetch, "/var/lib/images/bin/fetch-" + base::Sha256OfFile(kFetch).ToHex());
  }
};

TEST_F(PullHostTest, AHostIsEnrolledPullsAndForgets) {
  const TestHost host("pull");
  ASSERT_EQ(SetTrust(host).exit_code, 0);
  EXPECT_EQ(Enroll(host).exit_code, 1);  // fetch is not there
  BringFetch(host);
  const RunResult enrolled = Enroll(host);
  ASSERT_EQ(enrolled.exit_code, 0) << enrolled.err;
  EXPECT_THAT(Enroll(host).out, HasSubstr("as before"));
  EXPECT_EQ(Enroll(host, "some time").exit_code, 2);

  // The units are right, and fetch is shut in.
  EXPECT_EQ(host.MustRun("cd /etc/systemd/system && systemd-analyze verify slipway-pull.timer "
                         "slipway-pull.service slipway-fetch.socket slipway-fetch@1.service 2>&1 | "
                         "grep -i slipway || true"),
            "");
  EXPECT_THAT(host.MustRun("systemd-analyze security --no-pager slipway-fetch@1.service | "
                           "tail -n 1"),
              HasSubstr(" OK "));
  EXPECT_THAT(host.Run("su -s /bin/sh nobody -c 'exec 3<>/run/slipway-fetch.sock' 2>&1; "
                       "stat -c %a /run/slipway-fetch.sock")
                  .out,
              HasSubstr("600\n"));

  // What is published runs, by the service that the timer starts.
  Publish(host, BuildHello("1"));
  const RunResult pulled = host.Run("systemctl start slipway-pull.service");
  EXPECT_EQ(pulled.exit_code, 0) << host.Run("journalctl -n 40 --no-pager").out;
  EXPECT_EQ(host.MustRun("systemctl is-active hello"), "active\n");
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("Channel web: version 1 active (polled 20"));
  const auto status = nlohmann::json::parse(Activate(host, "status --json").out);
  EXPECT_EQ(status["pulled"]["channels"]["web"]["applied"]["version"], 1);
  EXPECT_EQ(status["generation"]["by"], "channel web");
  EXPECT_THAT(Activate(host, "report --debug").out, HasSubstr("Channel web: version 1 active"));
  const std::string start = StartOf(host, "hello");
  const RunResult often =
      host.Run("for i in 1 2 3 4 5 6 7 8; do systemctl start slipway-pull || exit; done");
  EXPECT_EQ(often.exit_code, 0) << often.err;
  EXPECT_EQ(Activate(host, "pull").exit_code, 0);
  EXPECT_EQ(StartOf(host, "hello"), start);
  Publish(host, BuildHello("2"));
  EXPECT_EQ(Activate(host, "pull web").exit_code, 0);
  EXPECT_NE(StartOf(host, "hello"), start);

  // What somebody does beside it.
  const std::string other = BuildHello("3");
  Sign(other, "alice");
  const Push refused = PushTo(host, {other});
  EXPECT_EQ(refused.result.exit_code, 2);
  EXPECT_THAT(refused.result.err, HasSubstr("hello is in channel web"));
  const RunResult back = Activate(host, "--rollback");
  EXPECT_EQ(back.exit_code, 0);
  EXPECT_THAT(back.err, HasSubstr("comes back with the next poll"));
  EXPECT_EQ(Activate(host, "pull").exit_code, 0);
  EXPECT_THAT(Activate(host, "--rollback --override").err, HasSubstr("hello is kept for 24 hours"));
  EXPECT_EQ(Activate(host, "pull").exit_code, 0);
  const std::string kept = Activate(host, "status").out;
  EXPECT_THAT(kept, HasSubstr("but for what an override keeps"));
  EXPECT_THAT(kept, HasSubstr("hello is kept from channel web until 20"));
  EXPECT_THAT(kept, Not(HasSubstr("NOT PULL")));
  EXPECT_EQ(Activate(host, "pull --end-overrides").exit_code, 0);
  EXPECT_THAT(Activate(host, "status").out, Not(HasSubstr("kept from")));

  // Without a store all runs on.
  host.MustRun("systemctl stop slipway-fetch.socket");
  const RunResult alone = Activate(host, "pull");
  EXPECT_EQ(alone.exit_code, 5);
  EXPECT_THAT(alone.out, HasSubstr("systemctl start slipway-fetch.socket"));
  EXPECT_THAT(Activate(host, "status").out,
              HasSubstr("does NOT PULL as it should: slipway-fetch.socket is inactive"));
  EXPECT_EQ(host.MustRun("systemctl is-active hello"), "active\n");

  EXPECT_EQ(Activate(host, "enroll --remove").exit_code, 0);
  EXPECT_EQ(Activate(host, "pull").exit_code, 1);
  EXPECT_EQ(host.MustRun("systemctl is-active hello"), "active\n");
  ASSERT_EQ(Enroll(host).exit_code, 1);
  BringFetch(host);
  ASSERT_EQ(Enroll(host).exit_code, 0);
  EXPECT_EQ(host.MustRun("systemctl is-active slipway-pull.timer slipway-fetch.socket"),
            "active\nactive\n");
  host.Reboot();
  EXPECT_EQ(host.MustRun("systemctl is-active slipway-pull.timer slipway-fetch.socket"),
            "active\nactive\n");
  EXPECT_EQ(host.MustRun("/var/lib/images/bin/activate uninstall --stop >/dev/null 2>&1; echo $?"),
            "0\n");
  EXPECT_THAT(host.MustRun("find /etc/systemd/system /var/lib/images /run -name 'slipway*' -o "
                           "-name images 2>/dev/null || true"),
              Not(HasSubstr("slipway-pull")));
}

}  // namespace
}  // namespace tests
