// Ways to a host: logins that are not root, connections that are shared, jump hosts, roots from
// which nothing can run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

// The hosts have no sudo. This one stands in for it: su, which PAM lets everybody use, becomes
// root.
constexpr const char* kSudo =
    "#!/bin/sh\n[ \"$1\" = -n ] || exit 9\nshift\nunset SSH_CONNECTION\n"
    "exec su -s /bin/sh -c 'exec \"$@\"' -- root sudo \"$@\"\n";

class LoginTest : public testing::Test {
 protected:
  void SetUp() override { image_ = workshop_.Build("hello", "hello"); }

  static void AddUser(const TestHost& host) {
    host.MustRun(
        "useradd --create-home anna && install -d -o anna /home/anna/.ssh && "
        "install -o anna ~/.ssh/authorized_keys /home/anna/.ssh/");
  }
  static void PutSudo(const TestHost& host, const std::string& text) {
    host.MustRun("cat >/usr/bin/sudo && chmod 755 /usr/bin/sudo", {.input = text});
  }
  // A config of ssh beside the host's own.
  std::string Config(const TestHost& host, const std::string& first) const {
    const std::string path = workshop_.folder() + "/ssh_config";
    base::WriteFileAtomically(path, first + "\n" + base::ReadFile(host.SshConfig()));
    return path;
  }

  Workshop workshop_;
  std::string image_;
};

TEST_F(LoginTest, ALoginThatMaySudoPushesAndIsToldToActivateWithSudo) {
  const TestHost host("sudo");
  AddUser(host);
  PutSudo(host, kSudo);
  host.MustRun(
      "echo 'auth sufficient pam_permit.so' >/etc/pam.d/su && "
      "echo 'account sufficient pam_permit.so' >>/etc/pam.d/su && "
      "echo 'session optional pam_permit.so' >>/etc/pam.d/su");
  const RunResult pushed = Imgpush(host.SshConfig(), {"anna@sudo", image_});
  ASSERT_EQ(pushed.exit_code, 0) << pushed.err;
  const std::string command = "sudo /var/lib/images/bin/activate --generation 1";
  EXPECT_THAT(pushed.out, HasSubstr("activate with: ssh anna@sudo " + command));
  EXPECT_EQ(host.MustRun("stat -c %u:%a /var/lib/images/hello"), "0:755\n");
  EXPECT_EQ(Activate(host, "--generation 1").exit_code, 0);
}

TEST_F(LoginTest, ALoginWithoutAWayToRootIsToldSo) {
  const TestHost host("plain");
  AddUser(host);
  RunResult pushed = Imgpush(host.SshConfig(), {"anna@plain", image_});
  EXPECT_EQ(pushed.exit_code, 1);
  EXPECT_EQ(
      pushed.err,
      "imgpush: error: anna@plain: needs root there, anna is not, and there is no sudo: log in "
      "as root, as in root@HOST\n");
  PutSudo(host, "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n");
  pushed = Imgpush(host.SshConfig(), {"anna@plain", image_});
  EXPECT_EQ(pushed.exit_code, 1);
  EXPECT_THAT(pushed.err, HasSubstr("and sudo -n says: a password is required; log in as root"));
  EXPECT_EQ(host.MustRun("ls -A /var/lib/images"), "");
}

TEST_F(LoginTest, AConnectionThatTheUserSharesIsUsed) {
  const TestHost host("shared");
  const std::string socket = workshop_.folder() + "/control";
  const std::string config =
      Config(host, "Host *\n ControlMaster auto\n ControlPath " + socket + "\n ControlPersist 60");
  MustRun({"ssh", "-F", config, "shared", "true"});  // leaves the connection open
  // A new one cannot be made: whatever follows goes through it.
  host.MustRun("systemctl stop ssh.socket ssh.service 2>/dev/null; true");
  EXPECT_NE(RunCommand({"ssh", "-F", host.SshConfig(), "shared", "true"}).exit_code, 0);
  const RunResult pushed = Imgpush(config, {"shared", image_});
  EXPECT_EQ(pushed.exit_code, 0) << pushed.err;
  EXPECT_EQ(MustRun({"ssh", "-F", config, "shared", "ls /var/lib/images/hello | wc -l"}), "1\n");
  MustRun({"ssh", "-F", config, "-O", "exit", "shared"});
}

TEST_F(LoginTest, AJumpHostIsTheUsersAffair) {
  const TestHost host("jump");
  // The same host once more, seen from itself.
  const std::string config =
      Config(host,
             "Host inner\n HostName 127.0.0.1\n ProxyJump jump\n"
             " HostKeyAlias jump\n User root\n IdentityFile " +
                 host.Dir() + "/id_ed25519\n UserKnownHostsFile " + host.Dir() + "/known_hosts");
  const RunResult pushed = Imgpush(config, {"inner", image_});
  EXPECT_EQ(pushed.exit_code, 0) << pushed.err;
  EXPECT_THAT(pushed.out, HasSubstr("inner: sent "));
  EXPECT_EQ(host.MustRun("ls /var/lib/images/hello | wc -l"), "1\n");
}

TEST_F(LoginTest, ANoexecRootWantsAnotherDirectoryForTheAgent) {
  const TestHost host("noexec");
  host.MustRun("mount -o remount,bind,noexec /var/lib/images");
  RunResult pushed = Imgpush(host.SshConfig(), {"noexec", image_});
  EXPECT_EQ(pushed.exit_code, 1);
  EXPECT_THAT(pushed.err, HasSubstr("mounted noexec: choose another directory for the agent"));
  pushed = Imgpush(host.SshConfig(), {"--agent-dir", "/usr/local/lib/slipway", "noexec", image_});
  EXPECT_EQ(pushed.exit_code, 0) << pushed.err;
  const RunResult activated = Activate(host, "--generation 1");  // through the link in bin
  EXPECT_EQ(activated.exit_code, 0) << activated.err;
  host.Reboot();
  EXPECT_THAT(Activate(host, "status").out, HasSubstr("Generation 1 is active"));
}

}  // namespace
}  // namespace tests
