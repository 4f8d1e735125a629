// Logins that are not root, and how they become it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "tests/e2e/login_scene.h"

namespace tests {
namespace {

using testing::HasSubstr;

using LoginTest = LoginScene;

// The hosts have no sudo. This one stands in for it: su, which PAM lets everybody use, becomes
// root.
constexpr const char* kSudo =
    "#!/bin/sh\n[ \"$1\" = -n ] || exit 9\nshift\nunset SSH_CONNECTION\n"
    "exec su -s /bin/sh -c 'exec \"$@\"' -- root sudo \"$@\"\n";

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

}  // namespace
}  // namespace tests
