// imgpush --activate on real hosts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

class ActivateTest : public testing::Test {
 protected:
  // The fixture's hello; `service` is merged into its service.
  std::string Hello(const nlohmann::json& service) {
    return workshop_.Build("hello", "hello", {{"services", {{"hello", service}}}});
  }
  static RunResult PushAndActivate(const TestHost& host, const std::string& image) {
    return Imgpush(host.SshConfig(), {"--activate", "--yes", host.Name(), image});
  }
  static std::string Current(const TestHost& host) {
    return host.MustRun("readlink /var/lib/images/current");
  }

  Workshop workshop_;
};

TEST_F(ActivateTest, TellsWhichGenerationRunsAfterASwitchAndAfterARollback) {
  const std::string good = Hello(nlohmann::json::object());
  const std::string bad = Hello({{"exec", {"/usr/bin/httpd", "--no-such-option"}}});
  const TestHost host("switch");
  const RunResult first = PushAndActivate(host, good);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("switch: generation 1 runs, activated in "));
  EXPECT_THAT(first.err, HasSubstr("switch: activate: generation 1 is active and healthy"));
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("active (running)"));
  const RunResult again = PushAndActivate(host, good);
  EXPECT_THAT(again.out, HasSubstr(", nothing to stage\nswitch: generation 1 runs\n"));
  EXPECT_EQ(again.err, "switch: activate: generation 1 is active already: nothing to do\n");
  const RunResult second = PushAndActivate(host, bad);
  EXPECT_EQ(second.exit_code, 3) << second.err;
  EXPECT_THAT(second.err, HasSubstr("imgpush: error: switch: generation 2 was not activated: "));
  EXPECT_THAT(second.err, HasSubstr("\n  generation 1 runs again\n  the log of "));
  EXPECT_THAT(second.out, HasSubstr("switch: generation 1 runs\n"));
  EXPECT_EQ(Current(host), "generations/1\n");
}

// The connection is cut while the service settles.
TEST_F(ActivateTest, AConnectionThatDropsIsMadeAgainAndTheSwitchIsDoneOnce) {
  const std::string image = Hello({{"health", {{"settle_seconds", 10}}}});
  const TestHost host("drop");
  const std::string ssh = workshop_.folder() + "/dropping-ssh";
  base::WriteFileAtomically(
      ssh,
      "#!/bin/sh\nssh='ssh -F " + host.SshConfig() + "'\nmkdir " + workshop_.folder() +
          "/called 2>/dev/null || exec $ssh \"$@\"\nexec 3<&0\n$ssh \"$@\" <&3 &\n" +
          "until $ssh drop test -e /var/lib/images/switch.json </dev/null; do sleep 0.2; done\n"
          "sleep 1\nkill $!\nwait $!\n",
      0755);
  const RunResult result =
      RunCommand({SLIPWAY_BIN "/imgpush", "--ssh", ssh, "--activate", "--yes", "drop", image},
                 {.timeout = std::chrono::seconds(120)});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("drop: the connection was lost; the activation goes on"));
  EXPECT_THAT(result.err, HasSubstr("drop: activate: generation 1 is active and healthy"));
  EXPECT_THAT(result.out, HasSubstr("drop: generation 1 runs, activated in "));
  EXPECT_EQ(host.MustRun("grep -c activated /var/lib/images/history.jsonl"), "1\n");
}

// A power cut in the middle of the switch: the host goes back when it boots, and says so.
TEST_F(ActivateTest, AHostThatRebootsInTheMiddleTellsWhatBecameOfIt) {
  const std::string before = Hello(nlohmann::json::object());
  const std::string image = Hello({{"health", {{"settle_seconds", 60}}}});
  const TestHost host("reboot");
  ASSERT_EQ(PushAndActivate(host, before).exit_code, 0);
  // Once the switch has begun, the host reboots by itself.
  host.MustRun(
      "systemd-run --unit=cutter sh -c 'until [ -e /var/lib/images/switch.json ]; do sleep 0.1; "
      "done; sleep 2; systemctl --force --force reboot'");
  const RunResult result = PushAndActivate(host, image);
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("generation 2 was not activated: the switch that started at "));
  EXPECT_THAT(result.err, HasSubstr("\n  generation 1 runs again\n"));
  EXPECT_THAT(result.out, HasSubstr("reboot: generation 1 runs\n"));
  EXPECT_EQ(Current(host), "generations/1\n");
}

// A group of hosts.json, one of whose hosts cannot be pushed to.
TEST_F(ActivateTest, AGroupIsSwitchedAndAHostThatFailsIsNamed) {
  const std::string image = Hello(nlohmann::json::object());
  const TestHost one("one");
  const TestHost two("two");
  const TestHost bad("bad");
  bad.MustRun("mount -t tmpfs tmpfs /run/systemd");
  const std::string config = workshop_.folder() + "/ssh_config";
  base::WriteFileAtomically(config, base::ReadFile(one.SshConfig()) +
                                        base::ReadFile(two.SshConfig()) +
                                        base::ReadFile(bad.SshConfig()));
  const std::string hosts = workshop_.folder() + "/hosts.json";
  base::WriteFileAtomically(hosts, R"({ "hosts": {
    "one": { "groups": ["web"], "images": ["hello"] },
    "second": { "ssh": "root@two", "groups": ["web"] },
    "bad": { "groups": ["web"] } } })");
  const RunResult result = Imgpush(config, {"--hosts", hosts, "--images", workshop_.images(),
                                            "--activate", "--yes", "@web", "hello"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("imgpush: error: bad: it does not run systemd"));
  EXPECT_THAT(result.out, HasSubstr("\none: generation 1 runs, activated in "));
  EXPECT_THAT(result.out, HasSubstr("\nsecond: generation 1 runs, activated in "));
  EXPECT_THAT(result.out, HasSubstr("\n2 of 3 hosts done, 1 failed: bad; sent "));
  EXPECT_EQ(Current(one), "generations/1\n");
  EXPECT_EQ(Current(two), "generations/1\n");
}

}  // namespace
}  // namespace tests
