// The sh program that runs on hosts, run here as root in a mount namespace of its own whose /run
// says that systemd runs.
#include "pusher/ssh/bootstrap.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "tests/support/synthetic_image.h"

namespace pusher {
namespace {

using testing::HasSubstr;

class BootstrapTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root";
    }
    std::signal(SIGPIPE, SIG_IGN);  // as base::RunTool does
    // /tmp is everybody's: a root below it is refused, so the tests mount over /srv.
    MakeAgent("echo started \"$@\"");
  }

  // The agent is a script that does `action`.
  void MakeAgent(const std::string& action) {
    UseAgent(
        "#!/bin/sh\n[ \"$1\" = digest ] && touch \"$0\" && sha256sum <\"$0\" | cut -c 1-64 && "
        "exit\n" +
        action + "\n");
  }
  void UseAgent(const std::string& content) {
    agent_.path = scratch_.path() + "/agent";
    base::WriteFileAtomically(agent_.path, content, 0755);
    agent_.size_bytes = base::FileSize(agent_.path);
    agent_.sha256 = base::Sha256OfFile(agent_.path);
  }

  struct Result {
    uint64_t sent = 0;
    std::string by;
    std::string error;
    base::ExitCode code = base::ExitCode{0};
    std::string then;  // the first line after
  };

  // `before` is shell that runs first in the namespace, `input` nothing but the agent.
  Result Start(const std::string& before = "", const std::string& greeting = "") {
    const std::string command = BootstrapCommand(agent_, host_);
    const std::string script =
        "unset SSH_CONNECTION; mount --make-rprivate / && mount --bind " + scratch_.path() +
        " /srv && "
        "chmod 755 /srv && mount -t tmpfs none /run && mkdir -p /run/systemd/system; " +
        before + "\n" + greeting + "\nexec " + shell_ + " -c \"$1\"";
    base::Child child({"unshare", "-m", "sh", "-c", script, "sh", command},
                      base::ChildError::kPiped);
    StreamOptions options;
    options.peer = "web1";
    options.read_while_writing = true;
    options.diagnostics = child.error();
    options.idle_limit = std::chrono::seconds(10);
    Stream stream(child.from(), child.to(), options);
    Result result;
    try {
      const Bootstrapped start = RunBootstrap(stream, agent_, login_);
      result.sent = start.agent_bytes;
      result.by = start.by;
      result.then = stream.ReadLine(1000).value_or("");
    } catch (const base::Error& error) {
      result.error = error.what();
      result.code = error.code();
    }
    return result;
  }
  std::string Bin() const { return scratch_.path() + "/images/bin"; }
  std::string Link() const { return base::ReadLinkIfThere(Bin() + "/activate").value_or(""); }

  base::TemporaryDirectory scratch_{"/tmp", "bootstrap-"};
  AgentBinary agent_;
  Login login_;
  AgentOptions host_{"/srv/images", "anna@laptop", "", {}, true};
  std::string shell_ = "sh";  // the login's
};

// csh ends a line between quotes at its end, and looks for "!" in them.
TEST(BootstrapScriptTest, IsOneLineThatAnyShellPassesOn) {
  AgentBinary agent;
  const std::string command = BootstrapCommand(agent, {"/srv", "me!", "", {}, true});
  EXPECT_EQ(command.find('\n'), std::string::npos);
  for (size_t at = command.find('!'); at != std::string::npos; at = command.find('!', at + 1)) {
    EXPECT_EQ(command.substr(at - 2, 4), "'\\!'");
  }
}

TEST(BootstrapScriptTest, RootsThatAreNoPlainPathAreRefused) {
  for (const char* root : {"", "/", "srv", "/srv/", "/a//b", "/a/../b", "/a/.", "/a'b", "/a\nb"}) {
    EXPECT_THROW(CheckHostPath(root, "--root"), base::Error) << root;
  }
  EXPECT_NO_THROW(CheckHostPath("/var/lib/my images", "--root"));
}

TEST_F(BootstrapTest, StoresTheAgentOnceAndStartsIt) {
  const Result first = Start();
  EXPECT_EQ(first.error, "");
  EXPECT_EQ(first.sent, agent_.size_bytes);
  EXPECT_EQ(first.then, "started receive --root /srv/images --by anna@laptop");
  const std::vector<std::string> names = base::ListDirectory(Bin());  // and no link to it
  ASSERT_EQ(names, std::vector<std::string>{"activate-" + agent_.sha256.ToHex()});
  EXPECT_EQ(base::StatIfThere(Bin() + "/" + names[0])->st_mode & 07777U, 0755U);

  const Result second = Start();
  EXPECT_EQ(second.error, "");
  EXPECT_EQ(second.sent, 0U);
  EXPECT_THAT(second.then, HasSubstr("started"));
}

TEST_F(BootstrapTest, TheAgentLogsAsMuchAsWeDo) {
  MakeAgent("echo \"level ${SLIPWAY_LOG:-none}\"");
  EXPECT_EQ(Start().then, "level none");
  const base::LogOutput output([](const std::string& /*line*/) {});
  base::SetLogLevel(base::LogLevel::kDebug);
  EXPECT_EQ(Start().then, "level debug");
}

TEST_F(BootstrapTest, APushSetsTheTimeOfTheAgentThatItUses) {
  ASSERT_EQ(Start().error, "");
  const std::string agent = Bin() + "/activate-" + agent_.sha256.ToHex();
  const std::array<timespec, 2> long_ago{};
  ASSERT_EQ(::utimensat(AT_FDCWD, agent.c_str(), long_ago.data(), 0), 0);
  ASSERT_EQ(Start().sent, 0U);
  EXPECT_GT(base::StatIfThere(agent)->st_mtim.tv_sec, 1'000'000);
}

TEST_F(BootstrapTest, ABannerBeforeTheAnswerIsPassedOver) {
  EXPECT_EQ(Start("", "echo Welcome; echo 'SLIPWAY is not me'; printf 'no newline'").error, "");
}

TEST_F(BootstrapTest, AnEndlessBannerIsGivenUp) {
  EXPECT_THAT(Start("", "yes hello").error, HasSubstr("prints endlessly"));
}

TEST_F(BootstrapTest, ADamagedAgentThereIsReplaced) {
  ASSERT_EQ(Start().error, "");
  base::WriteFileAtomically(Bin() + "/activate-" + agent_.sha256.ToHex(), "#!/bin/sh\necho bad\n",
                            0755);
  const Result again = Start();
  EXPECT_EQ(again.sent, agent_.size_bytes);
  EXPECT_THAT(again.then, HasSubstr("started"));
}

TEST_F(BootstrapTest, AnAgentThatDoesNotRunIsRefusedAndNothingPointsToIt) {
  ASSERT_EQ(Start().error, "");
  const std::string old = "activate-" + agent_.sha256.ToHex();
  base::ReplaceSymlink(old, Bin() + "/activate");
  const std::string whole = base::ReadFile(TEST_AGENT);
  std::string foreign = whole;
  foreign[18] = whole[18] == 62 ? '\xb7' : '\x3e';  // e_machine
  std::string no_digest = base::ReadFile(agent_.path);
  no_digest.replace(no_digest.find("digest"), 6, "digits");
  for (const std::string& content :
       {std::string(), whole.substr(0, 5000), whole.substr(0, whole.size() / 2), foreign,
        std::string("no program"), std::string("#!/no/such/shell\n"), no_digest}) {
    UseAgent(content);
    EXPECT_THAT(Start().error, HasSubstr("the agent that was sent does not run there (exit "))
        << content.substr(0, 30);
    EXPECT_EQ(Link(), old);
    EXPECT_EQ(base::ListDirectory(Bin()).size(), 2U);
  }
}

// One that was whole when it came.
TEST_F(BootstrapTest, AnAgentThereThatDoesNotRunAnyMoreIsSentAnew) {
  ASSERT_EQ(Start().error, "");
  const std::string there = Bin() + "/activate-" + agent_.sha256.ToHex();
  for (const char* content : {"",
                              "\x7f"
                              "ELF",
                              "#!/bin/sh\nkill -9 $$\n"}) {
    base::WriteFileAtomically(there, content, 0755);
    EXPECT_EQ(Start().sent, agent_.size_bytes);
  }
  base::WriteFileAtomically(there, base::ReadFile(agent_.path), 0644);
  EXPECT_EQ(Start().sent, agent_.size_bytes);
}

TEST_F(BootstrapTest, AnyLoginShellPassesTheProgramOn) {
  host_.by = "it's!me";
  for (const char* shell :
       {"dash", "bash", "rbash", "zsh", "mksh", "tcsh", "fish", "busybox ash"}) {
    shell_ = shell;
    const Result result = Start();
    EXPECT_EQ(result.error, "") << shell;
    EXPECT_EQ(result.then, "started receive --root /srv/images --by it's!me") << shell;
  }
}

TEST_F(BootstrapTest, ToolsOfBusyboxWillDo) {
  const std::string busybox =
      "mkdir -p /srv/bb /srv/w/images; busybox --install -s /srv/bb; "
      "PATH=/srv/bb:$PATH; ln -sfn w/images /srv/images";
  MakeAgent("echo started in $(readlink -f .); [ -L /srv/bb/stat ] && which stat");
  shell_ = "/srv/bb/sh";
  EXPECT_EQ(Start(busybox).error, "");
  EXPECT_EQ(Start(busybox).sent, 0U);
  EXPECT_THAT(Start(busybox + "; chmod 777 /srv/w").error,
              HasSubstr("/srv/w can be written by other users"));
}

TEST_F(BootstrapTest, RefusesARootThatOthersCanChange) {
  Result result = Start("chmod 1777 /srv");
  EXPECT_THAT(result.error, HasSubstr("web1: /srv can be written by other users"));
  EXPECT_EQ(result.code, base::ExitCode::kFailed);
  result = Start("chmod 775 /srv");
  EXPECT_THAT(result.error, HasSubstr("/srv can be written by other users"));
  result = Start("mkdir -p /srv/images/bin; chown 1000 /srv/images");
  EXPECT_THAT(result.error, HasSubstr("/srv/images belongs to user 1000"));
  result = Start(
      "chown 0 /srv/images; mkdir /srv/w; chmod 777 /srv/w; rm -r /srv/images; "
      "mkdir -p /srv/w/images; ln -s w/images /srv/images");
  EXPECT_THAT(result.error, HasSubstr("/srv/w can be written by other users"));
  EXPECT_FALSE(base::Exists(scratch_.path() + "/w/images/bin"));
  result = Start(
      "chmod 755 /srv/w; mkdir -m 777 /srv/x; ln -s ../w/images /srv/x/hop; "
      "ln -sfn x/hop /srv/images");
  EXPECT_THAT(result.error, HasSubstr("/srv/x can be written by other users"));
}

TEST_F(BootstrapTest, RefusesAHostWithoutSystemdOrRootOrOfAnotherArchitecture) {
  EXPECT_THAT(Start("umount /run; mount -t tmpfs none /run").error,
              HasSubstr("does not run systemd"));
  EXPECT_THAT(Start("id() { echo 1000; }; id").error, testing::IsEmpty());  // no function leaks in
  agent_.architecture = "m68k";
  const std::string there = Bin() + "/activate-" + agent_.sha256.ToHex();
  base::WriteFileAtomically(there, "of another machine", 0755);
  EXPECT_THAT(Start().error, HasSubstr("the agent is for m68k: set SLIPWAY_AGENT"));
  EXPECT_EQ(base::ReadFile(there), "of another machine");
  base::Unlink(there);
  EXPECT_THAT(Start().error, HasSubstr("the agent is for m68k: set SLIPWAY_AGENT"));
}

// A login that is not root, with a sudo of the test's own in front of PATH.
class SudoTest : public BootstrapTest {
 protected:
  std::string hidden_;  // a program that the host lacks
  Result StartAsNobody(const std::string& sudo) {
    const std::string bin = scratch_.path() + "/path";
    base::MakeDirectories(bin);
    if (!sudo.empty()) {
      base::WriteFileAtomically(bin + "/sudo", "#!/bin/sh\n" + sudo + "\n", 0755);
    }
    // Marked by its environment: setpriv cannot give root back, so root stays and id says
    // otherwise.
    base::WriteFileAtomically(bin + "/id",
                              "#!/bin/sh\n[ -z \"${IS_ROOT:-}\" ] || exec /usr/bin/id \"$@\"\n"
                              "case $1 in -u) echo 1000;; *) echo anna;; esac\n",
                              0755);
    const std::string hide =
        hidden_.empty() ? "" : "mount --bind /dev/null /usr/bin/" + hidden_ + "; ";
    return Start(hide + "export PATH=/srv/path:$PATH SSH_CONNECTION=\"10.0.0.1 5 10.0.0.2 22\"");
  }
};

TEST_F(SudoTest, ALoginThatMaySudoBecomesRoot) {
  const Result result = StartAsNobody(
      "[ \"$1\" = -n ] || exit 9; shift; unset SSH_CONNECTION; IS_ROOT=1 exec \"$@\"");
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.by, "sudo");
  EXPECT_EQ(result.sent, agent_.size_bytes);
  EXPECT_EQ(result.then, "started receive --root /srv/images --by anna@laptop from 10.0.0.1");
}

TEST_F(SudoTest, ALoginThatMayNotIsToldSo) {
  const Result result = StartAsNobody("echo 'sudo: a password is required' >&2; exit 1");
  EXPECT_EQ(result.error,
            "web1: needs root there, anna is not, and sudo -n says: a password is required; log in "
            "as root, as in root@HOST, or let anna use sudo without a password, or type it "
            "(--ask-sudo-password)");
  EXPECT_EQ(result.code, base::ExitCode::kFailed);
}

TEST_F(SudoTest, ALoginThatMayRunNothingButShBecomesRoot) {
  const Result result = StartAsNobody(
      "[ \"$2\" = sh ] || { echo \"Sorry, user anna is not allowed to execute '$2'\" >&2; exit 1; }"
      "; shift; IS_ROOT=1 exec \"$@\"");
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.by, "sudo");
}

// As the real one: asks three times, on standard error, and reads a line each time.
constexpr const char* kAskingSudo =
    "case $1 in -n) echo 'sudo: a password is required' >&2; exit 1 ;; -k) shift ;; esac\n"
    "[ \"$1 $2\" = '-S -p' ] || exit 9\n"
    "prompt=$3; shift 3\n"
    "for try in 1 2 3; do\n"
    "  printf %s \"$prompt\" >&2; IFS= read -r typed || exit 1\n"
    "  [ \"$typed\" = ' a\\b' ] && IS_ROOT=1 exec \"$@\"\n"
    "  echo 'Sorry, try again.' >&2\n"
    "done\n"
    "exit 1";

TEST_F(SudoTest, APasswordThatSudoWantsIsGivenToItAlone) {
  login_.sudo_password = host_.sudo_password = " a\\b";
  const Result result = StartAsNobody(kAskingSudo);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.by, "sudo");
  EXPECT_EQ(result.sent, agent_.size_bytes);
  EXPECT_EQ(result.then, "started receive --root /srv/images --by anna@laptop from 10.0.0.1");
  EXPECT_THAT(BootstrapCommand(agent_, host_), testing::Not(HasSubstr("a\\b")));
}

TEST_F(SudoTest, AWrongPasswordIsOneLine) {
  login_.sudo_password = host_.sudo_password = "guess";
  EXPECT_EQ(StartAsNobody(kAskingSudo).error, "web1: the password is wrong there, says sudo");
}

TEST_F(SudoTest, WhereSudoIsMissingDoasWillDo) {
  const std::string bin = scratch_.path() + "/path";
  base::MakeDirectories(bin);
  base::WriteFileAtomically(
      bin + "/doas", "#!/bin/sh\n[ \"$1\" = -n ] || exit 9\nshift\nIS_ROOT=1 exec \"$@\"\n", 0755);
  hidden_ = "sudo";
  const Result result = StartAsNobody("");
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.by, "doas");
  base::WriteFileAtomically(bin + "/doas", "#!/bin/sh\nexit 1\n", 0755);
  EXPECT_THAT(StartAsNobody("").error,
              HasSubstr("doas does not let anna run sh without a password: log in as root"));
}

TEST_F(SudoTest, WhatSudoWantsIsSaid) {
  EXPECT_THAT(
      StartAsNobody("echo 'sudo: sorry, you must have a tty to run sudo' >&2; exit 1").error,
      HasSubstr("sudo -n says: sorry, you must have a tty to run sudo; log in as root, as in "
                "root@HOST, or let anna use sudo without a terminal (Defaults:anna !requiretty)"));
  EXPECT_THAT(StartAsNobody("echo \"Sorry, user anna is not allowed to execute '/usr/bin/sh -c :' "
                            "as root on web1.\" >&2; exit 1")
                  .error,
              HasSubstr("is not allowed to execute '/usr/bin/sh -c :' as root on web1.; log in as "
                        "root, as in root@HOST, or let anna use sudo for sh, without a password"));
}

TEST_F(BootstrapTest, ArgumentsOfTheAgentAreHandedOnAsTheyStand) {
  host_.agent_arguments = {"--lock-wait", "60", "a  b;$HOME"};
  EXPECT_EQ(Start().then,
            "started receive --root /srv/images --by anna@laptop --lock-wait 60 a  b;$HOME");
}

TEST_F(BootstrapTest, ANoexecRootIsSaidAndAnotherAgentDirectoryIsTheRemedy) {
  const std::string noexec =
      "mkdir -p /srv/images; mount -t tmpfs -o noexec,mode=755 none /srv/images";
  const Result refused = Start(noexec);
  EXPECT_THAT(refused.error, HasSubstr("no program can run in /srv/images/bin, which is mounted "
                                       "noexec: choose another directory for the agent, such as "
                                       "--agent-dir "));
  EXPECT_EQ(refused.sent, 0U);
  host_.other_agent_directory = "/srv/lib/slipway";
  EXPECT_EQ(Start(noexec).error, "");
  EXPECT_EQ(Start(noexec).sent, 0U);  // it is there
  host_.other_agent_directory = "/srv/shared";
  EXPECT_THAT(Start("mkdir /srv/shared; chmod 777 /srv/shared").error,
              HasSubstr("/srv/shared can be written by other users"));
}

TEST_F(BootstrapTest, AFullDiskIsSaidAndNothingIsLeft) {
  MakeAgent(": " + tests::NoiseBytes(1, 0) + std::string(3 << 20, 'x'));
  const Result result = Start(
      "mkdir /srv/images; mount -t tmpfs -o size=1m,mode=755 none /srv/images; (sleep 1; ls -A "
      "/srv/images/bin >/srv/left) &");
  EXPECT_THAT(result.error, HasSubstr("cannot store the agent in /srv/images/bin: No space left"));
  for (int i = 0; i < 30 && base::ReadFileIfThere(scratch_.path() + "/left").value_or("?") == "?";
       ++i) {
    ::usleep(100'000);
  }
  EXPECT_EQ(base::ReadFileIfThere(scratch_.path() + "/left"), "");
}

TEST_F(BootstrapTest, AnAgentThatArrivesOtherwiseIsNotKept) {
  base::WriteFileAtomically(agent_.path, std::string(agent_.size_bytes, '#'));
  const Result result = Start();
  EXPECT_THAT(result.error, HasSubstr("the agent did not arrive whole"));
  EXPECT_TRUE(base::ListDirectory(Bin()).empty());
}

}  // namespace
}  // namespace pusher
