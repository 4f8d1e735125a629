// A host without Slipway: as it was before the first push, but for what services made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

// All of the operator's configuration of systemd, and what of ours systemd knows.
std::string Units(const TestHost& host) {
  return host.MustRun(
      "find /etc/systemd/system /run/systemd/system | sort; systemctl list-units --all --plain "
      "--no-legend 'slipway*' 'nginx*'");
}

TEST(UninstallTest, WhatSlipwayPutOnAHostGoesAndWhatServicesMadeStays) {
  Workshop workshop;
  const std::string image =
      workshop.Build("nginx", "v1", {{"services", {{"nginx", {{"state", true}}}}}});
  const TestHost host("uninstall");
  host.MustRun("mkdir -p /etc/systemd/system/multi-user.target.wants");
  const std::string before = Units(host);
  MustPushTo(host, {image});
  MustActivate(host, "--latest");
  host.MustRun("echo mine >/var/lib/nginx/kept && echo mine >/var/lib/images/notes");

  host.MustRun("rm /var/lib/images/current");  // nothing says that it runs but the records
  const RunResult refused = Activate(host, "uninstall");
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err,
              HasSubstr("generation 1 runs nginx: activate uninstall --stop stops what runs"));
  EXPECT_THAT(Page(host), HasSubstr("v1"));

  host.MustRun("rm /var/lib/images/current");
  const RunResult gone = RunCommand(
      {SLIPWAY_BIN "/activate", "--host", host.Name(), "uninstall", "--stop"},
      {.env = {"SLIPWAY_SSH=ssh -F " + host.SshConfig()}, .timeout = std::chrono::seconds(120)});
  ASSERT_EQ(gone.exit_code, 0) << gone.err;
  EXPECT_THAT(gone.out, HasSubstr("removed /var/lib/images\n"));
  EXPECT_THAT(gone.out, HasSubstr("kept /var/lib/nginx\n"));
  EXPECT_THAT(gone.out, HasSubstr("kept /var/lib/images/notes\n"));
  EXPECT_EQ(Units(host), before);
  EXPECT_EQ(host.MustRun("ls -A /var/lib/images | grep -v lost+found"), "notes\n");
  EXPECT_EQ(host.MustRun("cat /var/lib/nginx/kept"), "mine\n");

  host.Reboot();
  EXPECT_THAT(host.Run("systemctl is-active nginx").out, HasSubstr("inactive"));
  MustPushTo(host, {image});
  MustActivate(host, "--latest");
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  EXPECT_EQ(host.MustRun("cat /var/lib/nginx/kept"), "mine\n");
}

}  // namespace
}  // namespace tests
