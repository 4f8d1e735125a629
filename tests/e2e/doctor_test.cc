// imgpush doctor on real hosts: it says what a push and an activation then find.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

RunResult Doctor(const TestHost& host, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), {"doctor", "--target", Target()});
  arguments.push_back(host.Name());
  return Imgpush(host.SshConfig(), arguments);
}

// All that a doctor could leave: files, processes, mounts, loop devices are the machine's.
std::string Everything(const TestHost& host) {
  return host.MustRun(
      "find /var/lib/images /run /tmp /var/tmp /etc /usr/local /root -xdev "
      "! -path '/run/systemd/*' ! -path '/run/log/*' ! -path '/run/user*' ! -path '/run/sshd*' "
      "! -path '/run/utmp' | sort; cat /proc/mounts | wc -l");
}

class DoctorOfRelease : public testing::TestWithParam<const char*> {};

TEST_P(DoctorOfRelease, SaysReadyAndLeavesNothingAndThenAPushAndAnActivationWork) {
  Workshop workshop;
  const std::string image = workshop.Build("hello", "hello");
  const TestHost host("well", {.suite = GetParam(), .disk = ""});
  const std::string before = Everything(host);
  RunResult said = Doctor(host);
  EXPECT_EQ(said.exit_code, 0) << said.out << said.err;
  EXPECT_EQ(said.err, "");
  EXPECT_THAT(said.out, HasSubstr("  login          yes     root\n"));
  EXPECT_THAT(said.out, HasSubstr("well: ready for " + Target() + " images\n"));
  EXPECT_EQ(Everything(host), before);
  MustPushTo(host, {image});
  MustActivate(host, "--generation 1");
  said = Doctor(host);
  EXPECT_EQ(said.exit_code, 0) << said.out << said.err;
}

INSTANTIATE_TEST_SUITE_P(Releases, DoctorOfRelease, testing::Values("bookworm", "trixie"));

TEST(DoctorTest, WhatAPushRefusesIsNamed) {
  const TestHost host("ill", {.suite = "", .disk = "64M"});
  const auto expect = [&](const std::string& change, const std::string& back,
                          const std::string& row) {
    host.MustRun(change);
    const RunResult said = Doctor(host);
    EXPECT_EQ(said.exit_code, 1) << change;
    EXPECT_THAT(said.out, HasSubstr(row)) << change;
    host.MustRun(back);
  };
  expect("mount -t tmpfs tmpfs /run/systemd", "umount /run/systemd",
         "  systemd        no      it does not run systemd");
  expect("chmod 777 /var/lib", "chmod 755 /var/lib",
         "  root           no      /var/lib can be written by other users");
  expect("mount -o remount,noexec /var/lib/images", "mount -o remount,exec /var/lib/images",
         "  programs       no      no program can run in /var/lib/images/bin");
  expect("mount -o remount,ro /var/lib/images", "mount -o remount,rw /var/lib/images",
         "  writable       no      /var/lib/images is on a read-only file system");
  expect("fallocate -l 1G /var/lib/images/fill || head -c 1G /dev/zero >/var/lib/images/fill; :",
         "rm /var/lib/images/fill", "  space          no      ");
  expect("mkdir /var/lib/images/trust", "rmdir /var/lib/images/trust", "  signatures     no      ");
  host.MustRun("mv /usr/bin/ssh-keygen /root");
  const RunResult said = Doctor(host);
  EXPECT_EQ(said.exit_code, 0) << said.out << said.err;
  EXPECT_THAT(said.out, HasSubstr("  signatures     note    ssh-keygen is not installed"));
}

TEST(DoctorTest, ToolsOfBusyboxWillDo) {
  const std::string busybox = MustRun({"sh", "-c", "command -v busybox"});
  const TestHost host("box");
  host.Copy(busybox.substr(0, busybox.find('\n')), "/usr/local/bin/busybox");
  host.MustRun("mkdir /srv/bb && busybox --install -s /srv/bb && cp -r ~/.ssh /srv/ssh");
  host.MustRun("{ cat; cat /srv/ssh/authorized_keys; } >~/.ssh/authorized_keys",
               {.input = "command=\"PATH=/srv/bb:/usr/bin exec /srv/bb/sh -c "
                         "\\\"$SSH_ORIGINAL_COMMAND\\\"\" "});
  const RunResult said = Doctor(host);
  EXPECT_EQ(said.exit_code, 0) << said.out << said.err;
}

}  // namespace
}  // namespace tests
