// Ways to a host: what it or ssh says instead, connections that fail or are shared, jump hosts,
// roots from which nothing can run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "tests/e2e/login_scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

using ConnectionTest = LoginScene;

// What anna's key leads to, whatever ssh asks for.
void Force(const TestHost& host, const std::string& command) {
  host.MustRun("{ cat; cat ~/.ssh/authorized_keys; } >/home/anna/.ssh/authorized_keys",
               {.input = "command=\"" + command + "\" "});
}

TEST_F(ConnectionTest, WhatTheHostPrintsInPlaceOfAnAnswerIsTold) {
  const TestHost host("refuses");
  AddUser(host);
  const std::string config = Config(host, "Host *\n LogLevel INFO");  // an expired account's
  const auto expect = [&](const std::string& text, const std::string& advice) {
    const RunResult pushed = Imgpush(config, {"anna@refuses", image_});
    EXPECT_EQ(pushed.exit_code, 7);
    EXPECT_THAT(pushed.err, HasSubstr(text));
    EXPECT_THAT(pushed.err, HasSubstr(advice));
    EXPECT_EQ(std::count(pushed.err.begin(), pushed.err.end(), '\n'), 1) << pushed.err;
  };
  host.MustRun("usermod -s /usr/sbin/nologin anna");
  expect("This account is currently not available", "log in as another");
  host.MustRun("usermod -s /bin/sh anna && chage -E 0 anna");
  expect("account has expired", "chage -E -1 USER");
  host.MustRun("chage -E -1 anna && chage -d 0 anna");
  expect("assword", "log in once by hand and change the password");
  host.MustRun("chage -d 2026-01-01 anna");
  Force(host, "internal-sftp");
  expect("This service allows sftp connections only", "log in as another");
  Force(host, "echo 'Please login as the user debian rather than the user anna.'; exit 142");
  expect("login as the user debian rather than", "as in USER@HOST");
  Force(host, "echo This host is being moved until noon.");
  expect("This host is being moved until noon", "the login ended with 0");
  EXPECT_EQ(host.MustRun("ls -A /var/lib/images"), "");
}

TEST_F(ConnectionTest, AllThatSshSaysIsTold) {
  const TestHost host("says");
  const auto expect = [&](const std::string& config, const std::string& name,
                          const std::vector<std::string>& texts) {
    const RunResult pushed = Imgpush(config, {name, image_});
    EXPECT_EQ(pushed.exit_code, 7);
    for (const std::string& text : texts) {
      EXPECT_THAT(pushed.err, HasSubstr(text));
    }
    EXPECT_EQ(std::count(pushed.err.begin(), pushed.err.end(), '\n'), 1) << pushed.err;
  };
  const std::string other = workshop_.folder() + "/known_hosts";
  MustRun({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", workshop_.folder() + "/key"});
  const std::string known = base::ReadFile(host.Dir() + "/known_hosts");
  const std::string key = base::ReadFile(workshop_.folder() + "/key.pub");
  base::WriteFileAtomically(other, known.substr(0, known.find(' ') + 1) + key);
  expect(Config(host, "Host *\n UserKnownHostsFile " + other), "says",
         {"Host key verification failed", "its host key has changed", "ssh-keygen -R HOST"});
  base::WriteFileAtomically(other, "");
  expect(Config(host, "Host *\n UserKnownHostsFile " + other), "says",
         {"host key is known for", "log in once by hand"});
  std::string keys = "Host *\n";
  for (int i = 0; i < 8; ++i) {
    const std::string file = workshop_.folder() + "/key" + std::to_string(i);
    MustRun({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file});
    keys += " IdentityFile " + file + "\n";
  }
  expect(Config(host, keys), "says", {"Too many authentication failures", "IdentitiesOnly yes"});
  expect(Config(host, "Host *\n IdentityFile " + workshop_.folder() + "/key\n"), "nobody@says",
         {"nobody@", "Permission denied (publickey", "no key that ssh offers"});
  expect(Config(host, "Host inner\n HostName 127.0.0.1\n ProxyJump nobody@says"), "inner",
         {"Permission denied", "closed by UNKNOWN port"});
}

// Meant for people, as in "RemoteCommand tmux attach".
TEST_F(ConnectionTest, OptionsOfAConfigurationForPeopleAreOverridden) {
  const TestHost host("people");
  for (const char* option :
       {"RemoteCommand tmux attach", "RequestTTY force", "StdinNull yes",
        "ForkAfterAuthentication yes", "SessionType none",
        "ExitOnForwardFailure yes\n LocalForward 47123 a:1\n LocalForward 47123 b:1",
        "PermitLocalCommand yes\n LocalCommand echo hello from here"}) {
    const RunResult pushed =
        Imgpush(Config(host, std::string("Host *\n ") + option), {"people", image_});
    EXPECT_EQ(pushed.exit_code, 0) << option << ": " << pushed.err;
  }
}

TEST_F(ConnectionTest, AStartFileThatPrintsFromTheBackgroundIsNamed) {
  const TestHost host("prints");
  host.MustRun(
      "cat - .bashrc >new && mv new .bashrc",
      {.input = "(until ls -l /proc/[0-9]*/exe 2>/dev/null | grep -q bin/activate-; do :; done; "
                "while echo nightly backup runs; do :; done) &\n"});
  const RunResult pushed = Imgpush(host.SshConfig(), {"prints", image_});
  EXPECT_EQ(pushed.exit_code, 1);
  EXPECT_THAT(pushed.err, HasSubstr("start file of the login shell"));
  EXPECT_THAT(pushed.err, HasSubstr("nightly backup runs"));
}

TEST_F(ConnectionTest, AConnectionThatFailsIsTriedAgain) {
  const TestHost host("busy");
  const std::string ssh = workshop_.folder() + "/ssh";
  base::WriteFileAtomically(
      ssh,
      "#!/bin/sh\necho x >>" + ssh + ".calls\n[ $(wc -l <" + ssh +
          ".calls) -gt 2 ] || { echo 'kex_exchange_identification: Connection closed by remote "
          "host' >&2; exit 255; }\nexec ssh -F " +
          host.SshConfig() + " \"$@\"\n",
      0755);
  RunResult pushed =
      RunCommand({SLIPWAY_BIN "/imgpush", "--ssh", ssh, "--retries", "1", "busy", image_});
  EXPECT_EQ(pushed.exit_code, 7);
  EXPECT_THAT(pushed.err, HasSubstr("kex_exchange_identification"));
  base::Unlink(ssh + ".calls");
  pushed = RunCommand({SLIPWAY_BIN "/imgpush", "--ssh", ssh, "busy", image_});
  EXPECT_EQ(pushed.exit_code, 0) << pushed.err;
  EXPECT_THAT(pushed.out, HasSubstr("activate --ssh " + ssh + " --host busy --generation 1\n"));
  const std::string command = pushed.out.substr(pushed.out.find("activate with: ") + 15);
  EXPECT_EQ(RunCommand({"sh", "-c", command}).exit_code, 0);  // as printed
}

// A password that is asked for, a host that hangs: another attempt would end the same way.
TEST_F(ConnectionTest, ALoginHasALimit) {
  const std::string ssh = workshop_.folder() + "/ssh";
  base::WriteFileAtomically(
      ssh, "#!/bin/sh\necho 'To log in, visit: https://login.example/a/1' >&2\nexec sleep 1000\n",
      0755);
  const RunResult pushed =
      RunCommand({SLIPWAY_BIN "/imgpush", "--ssh", ssh, "--connect-timeout", "1", "web1", image_});
  EXPECT_EQ(pushed.exit_code, 7);
  EXPECT_EQ(pushed.err,
            "imgpush: error: web1: the login took longer than 1 s (--connect-timeout): To log in, "
            "visit: https://login.example/a/1\n");
}

// As a program does that starts many and waits for none.
TEST_F(ConnectionTest, SignalsThatAParentIgnoresOrBlocksDoNotMatter) {
  const RunResult pushed = RunCommand(
      {"perl", "-MPOSIX", "-e",
       "$SIG{CHLD} = 'IGNORE'; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGCHLD, SIGTERM)); exec "
       "@ARGV",
       SLIPWAY_BIN "/imgpush", "--ssh", "sh -c 'echo Permission denied >&2; exit 255'", "web1",
       image_});
  EXPECT_EQ(pushed.exit_code, 7);
  EXPECT_THAT(pushed.err, HasSubstr("web1: the connection failed: Permission denied"));
}

TEST_F(ConnectionTest, AConnectionThatTheUserSharesIsUsed) {
  const TestHost host("shared");
  const std::string socket = workshop_.folder() + "/control";
  const std::string config =
      Config(host, "Host *\n ControlMaster auto\n ControlPath " + socket + "\n ControlPersist 60");
  // Leaves the connection open, which with -v holds our standard error: it is not waited for.
  const RunResult listed = RunCommand({SLIPWAY_BIN "/activate", "--ssh", "ssh -v -F " + config,
                                       "--jobs", "1", "--host", "shared,root@shared", "list"});
  EXPECT_EQ(listed.exit_code, 1) << listed.err;  // nothing was pushed yet
  MustRun({"ssh", "-F", config, "-O", "check", "shared"});
  // A new one cannot be made: whatever follows goes through it.
  host.MustRun("systemctl stop ssh.socket ssh.service 2>/dev/null; true");
  EXPECT_NE(RunCommand({"ssh", "-F", host.SshConfig(), "shared", "true"}).exit_code, 0);
  const RunResult pushed = Imgpush(config, {"shared", image_});
  EXPECT_EQ(pushed.exit_code, 0) << pushed.err;
  EXPECT_EQ(MustRun({"ssh", "-F", config, "shared", "ls /var/lib/images/hello | wc -l"}), "1\n");
  MustRun({"ssh", "-F", config, "-O", "exit", "shared"});
}

TEST_F(ConnectionTest, AJumpHostIsTheUsersAffair) {
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

TEST_F(ConnectionTest, ANoexecRootWantsAnotherDirectoryForTheAgent) {
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

TEST_F(ConnectionTest, ARootThatBecameNoexecIsSaidToWhoActivates) {
  const TestHost host("later");
  MustPushTo(host, {image_});
  host.MustRun("mount -o remount,bind,noexec /var/lib/images");
  const auto activate = [&] {
    return RunCommand({SLIPWAY_BIN "/activate", "--host", "later", "--ssh",
                       "ssh -F " + host.SshConfig(), "--generation", "1"});
  };
  const RunResult refused = activate();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("/var/lib/images/bin, which is mounted noexec"));
  EXPECT_THAT(refused.err, HasSubstr("--agent-dir"));
  const RunResult pushed =
      Imgpush(host.SshConfig(), {"--agent-dir", "/usr/local/lib/slipway", "later", image_});
  EXPECT_EQ(pushed.exit_code, 0) << pushed.err;
  EXPECT_EQ(activate().exit_code, 0);
}

}  // namespace
}  // namespace tests
