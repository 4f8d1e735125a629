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
  EXPECT_THAT(pushed.out, HasSubstr("activate --ssh 'ssh -F " + host.SshConfig() +
                                    "' --host anna@sudo --generation 1\n"));
  EXPECT_EQ(host.MustRun("stat -c %u:%a /var/lib/images/hello"), "0:755\n");
  const std::string command = pushed.out.substr(pushed.out.find("activate with: ") + 15);
  const RunResult activated = RunCommand({"sh", "-c", command});  // as printed
  EXPECT_EQ(activated.exit_code, 0) << activated.err;
}

// As sudo's use_pty, which Debian sets: it reads for the program, and ends it with its next line.
TEST_F(LoginTest, WhatIsFollowedEndsBehindASudoThatRelaysIt) {
  const TestHost host("relay");
  AddUser(host);
  PutSudo(host,
          "#!/bin/sh\n[ \"$1\" = -n ] || exit 9\nshift\n"
          "su -s /bin/sh -c 'exec \"$@\"' -- root sudo \"$@\" | cat\n");
  host.MustRun(
      "echo 'auth sufficient pam_permit.so' >/etc/pam.d/su && "
      "echo 'account sufficient pam_permit.so' >>/etc/pam.d/su && "
      "echo 'session optional pam_permit.so' >>/etc/pam.d/su");
  MustPushTo(host, {image_});
  MustActivate(host, "--generation 1");
  const std::string out = workshop_.folder() + "/out";
  const auto interrupted_after = [&](const std::string& text,
                                     const std::vector<std::string>& words) {
    std::vector<std::string> command = {
        "sh",
        "-c",
        "env --default-signal=INT \"$@\" >" + out + " & pid=$!; i=0; until grep -q '" + text +
            "' " + out +
            "; do sleep 0.1; i=$((i+1)); [ $i -lt 300 ] || break; done; kill -INT $pid; wait "
            "$pid; echo $?",
        "sh",
        SLIPWAY_BIN "/activate",
        "--ssh",
        "ssh -F " + host.SshConfig(),
        "--host",
        "anna@relay"};
    command.insert(command.end(), words.begin(), words.end());
    return RunCommand(command, {.timeout = std::chrono::seconds(60)});
  };
  // What still follows there: journalctl or activate.
  const auto left = [&] {
    return host.MustRun(
        "i=0; while grep -le '--[f]ollow' /proc/[0-9]*/cmdline 2>/dev/null >/tmp/left && [ $i -lt "
        "100 ]; do sleep 0.1; i=$((i+1)); done; wc -l </tmp/left");
  };
  const RunResult logs = interrupted_after("Started", {"logs", "hello", "-f"});
  EXPECT_EQ(logs.out, "0\n") << logs.err << base::ReadFile(out);
  EXPECT_EQ(left(), "0\n");
  const RunResult history = interrupted_after("activated", {"history", "--follow"});
  EXPECT_EQ(history.out, "0\n") << history.err << base::ReadFile(out);
  EXPECT_EQ(left(), "0\n");
}

// The real one, of this machine, which the host is a copy of.
void PutRealSudo(const TestHost& host, const std::string& rules) {
  const std::string tar = testing::TempDir() + "/sudo.tar";
  MustRun({"tar", "-C", "/", "-cf", tar, "usr/bin/sudo", "usr/libexec/sudo", "etc/pam.d/sudo"});
  host.Copy(tar, "/root/sudo.tar");
  host.MustRun("tar -C / -xpf sudo.tar && cat >/etc/sudoers && chmod 440 /etc/sudoers",
               {.input = rules});
}

TEST_F(LoginTest, APasswordForSudoIsTypedOnce) {
  const TestHost host("typed");
  AddUser(host);
  PutRealSudo(host, "anna ALL=(root) ALL\n");
  host.MustRun("echo 'anna:open sesame' | chpasswd");
  const auto type = [&](const std::string& typed, const std::string& command) {
    return RunCommand({"script", "-qec", command, "/dev/null"},
                      {.input = typed + "\n",
                       .env = {"SLIPWAY_SSH=ssh -F " + host.SshConfig(),
                               std::string("PATH=" SLIPWAY_BIN ":") + ::getenv("PATH")}});
  };
  const auto push = [&](const std::string& typed) {
    return type(typed, "imgpush --ask-sudo-password anna@typed " + image_);
  };
  RunResult pushed = push("guess");
  EXPECT_EQ(pushed.exit_code, 1) << pushed.out;
  EXPECT_THAT(pushed.out, HasSubstr("the password is wrong there, says sudo"));
  EXPECT_EQ(host.MustRun("ls -A /var/lib/images"), "");
  pushed = push("open sesame");
  EXPECT_EQ(pushed.exit_code, 0) << pushed.out;
  const std::string rest = pushed.out.substr(pushed.out.find("activate with: ") + 15);
  const std::string printed = rest.substr(0, rest.find_first_of("\r\n"));
  const RunResult activated = type("open sesame", printed);  // as printed
  EXPECT_EQ(activated.exit_code, 0) << printed << activated.out;
  EXPECT_THAT(activated.out, HasSubstr("generation 1 is active and healthy"));
  EXPECT_EQ(type("guess", printed).exit_code, 1);
  host.MustRun("echo 'anna ALL=(root) /bin/true' >/etc/sudoers");
  pushed = push("open sesame");
  EXPECT_EQ(pushed.exit_code, 1) << pushed.out;
  EXPECT_THAT(pushed.out, HasSubstr("sudo says: Sorry, user anna is not allowed to execute"));
  host.MustRun("echo 'anna ALL=(root) ALL' >/etc/sudoers");
  EXPECT_THAT(Imgpush(host.SshConfig(), {"anna@typed", image_}).err,
              HasSubstr("or type it (--ask-sudo-password)"));
}

TEST_F(LoginTest, APassphraseIsAskedForOnTheTerminalOrHeldByAnAgent) {
  const TestHost host("phrase");
  const std::string key = workshop_.folder() + "/locked";
  MustRun({"ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", key});
  host.MustRun("cat >>/root/.ssh/authorized_keys", {.input = base::ReadFile(key + ".pub")});
  std::string text = base::ReadFile(host.SshConfig());
  const std::string other = host.Dir() + "/id_ed25519";
  text.replace(text.find(other), other.size(), key);
  const std::string never = "BatchMode yes";
  text.erase(text.find(never), never.size());
  const std::string config = workshop_.folder() + "/ssh_config";
  base::WriteFileAtomically(config, text);
  const std::string ssh = "--ssh 'ssh -F " + config + "' ";
  const std::string push = SLIPWAY_BIN "/imgpush " + ssh + "phrase " + image_;
  const std::string activate = SLIPWAY_BIN "/activate " + ssh + "--host phrase ";

  const RunResult refused = RunCommand({"sh", "-c", push});
  EXPECT_EQ(refused.exit_code, 7);
  EXPECT_THAT(refused.err, HasSubstr("a key with a passphrase needs ssh-add"));
  // What the terminal shows.
  const auto type = [&](const std::string& command) {
    const std::string screen = workshop_.folder() + "/screen";
    base::WriteFileAtomically(screen, "");
    const RunResult result = RunCommand(
        {"sh", "-c",
         "{ i=0; until grep -q 'Enter passphrase' " + screen +
             "; do sleep 0.1; i=$((i+1)); [ $i -lt 300 ] || break; done; echo open sesame; } | "
             "script -qefc \"$1\" " +
             screen,
         "sh", command});
    EXPECT_EQ(result.exit_code, 0) << command << base::ReadFile(screen);
    return base::ReadFile(screen);
  };
  const std::string screen = type(push);
  EXPECT_THAT(screen, HasSubstr("generation 1 staged"));
  const std::string before = screen.substr(0, screen.find("Enter passphrase"));
  EXPECT_EQ(before.find("connecting", before.rfind("\x1b[J")), std::string::npos);  // erased
  EXPECT_THAT(type(activate + "--latest"), HasSubstr("generation 1 is active and healthy"));

  const std::string ask = workshop_.folder() + "/ask";
  base::WriteFileAtomically(ask, "#!/bin/sh\necho open sesame\n", 0755);
  const RunResult held = RunCommand(
      {"ssh-agent", "sh", "-c", "ssh-add " + key + " && " + push + " && " + activate + "status"},
      {.env = {"SSH_ASKPASS=" + ask, "SSH_ASKPASS_REQUIRE=force"}});
  EXPECT_EQ(held.exit_code, 0) << held.err;
  EXPECT_THAT(held.out, HasSubstr("Generation 1 is active"));
}

// As docs/push.md has it.
TEST_F(LoginTest, TheRecipeForSudoersLetsItsUserPush) {
  const TestHost host("recipe");
  host.MustRun(
      "useradd --create-home deploy && install -d -o deploy /home/deploy/.ssh && "
      "install -o deploy ~/.ssh/authorized_keys /home/deploy/.ssh/");
  PutRealSudo(host, base::ReadFile(SLIPWAY_SUDOERS));
  const RunResult pushed =
      Imgpush(host.SshConfig(), {"--activate", "--yes", "deploy@recipe", image_});
  EXPECT_EQ(pushed.exit_code, 0) << pushed.err;
  EXPECT_NE(host.Run("su deploy -c 'sudo -n id'").exit_code, 0);
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

// What anna's key leads to, whatever ssh asks for.
void Force(const TestHost& host, const std::string& command) {
  host.MustRun("{ cat; cat ~/.ssh/authorized_keys; } >/home/anna/.ssh/authorized_keys",
               {.input = "command=\"" + command + "\" "});
}

TEST_F(LoginTest, WhatTheHostPrintsInPlaceOfAnAnswerIsTold) {
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

TEST_F(LoginTest, AllThatSshSaysIsTold) {
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
TEST_F(LoginTest, OptionsOfAConfigurationForPeopleAreOverridden) {
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

TEST_F(LoginTest, AStartFileThatPrintsFromTheBackgroundIsNamed) {
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

TEST_F(LoginTest, AConnectionThatFailsIsTriedAgain) {
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
TEST_F(LoginTest, ALoginHasALimit) {
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
TEST_F(LoginTest, SignalsThatAParentIgnoresOrBlocksDoNotMatter) {
  const RunResult pushed = RunCommand(
      {"perl", "-MPOSIX", "-e",
       "$SIG{CHLD} = 'IGNORE'; sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGCHLD, SIGTERM)); exec "
       "@ARGV",
       SLIPWAY_BIN "/imgpush", "--ssh", "sh -c 'echo Permission denied >&2; exit 255'", "web1",
       image_});
  EXPECT_EQ(pushed.exit_code, 7);
  EXPECT_THAT(pushed.err, HasSubstr("web1: the connection failed: Permission denied"));
}

TEST_F(LoginTest, AConnectionThatTheUserSharesIsUsed) {
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

TEST_F(LoginTest, ARootThatBecameNoexecIsSaidToWhoActivates) {
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
