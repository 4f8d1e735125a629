// `activate --host` with an ssh that runs the command here.
#include "activator/remote.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>

#include "activator/many_hosts.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/ssh_command.h"
#include "tests/activator/remote_fixture.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class RemoteTest : public RemoteFixture {
 protected:
  RemoteTest() {
    std::signal(SIGPIPE, SIG_IGN);
    Script("ssh", "echo \"$*\" >>" + At("calls") +
                      "\nwhile [ $# -gt 2 ]; do shift; done\necho a banner\nsh -c \"$2\"\n"
                      "code=$?\nfor cut in " +
                      At("cut*") + "; do [ -e $cut ] && rm $cut && exit 255; done\nexit $code\n");
    Activate("for word; do printf '[%s]\\n' \"$word\"; done; exit 8\n");
  }
  int Run(std::vector<std::string> arguments,
          std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    arguments.insert(arguments.end(), {"--root", At("root"), "--host", "web1", "--ssh", At("ssh")});
    return RunHere(arguments, patience);
  }
  // The login is anna, whom a sudo that asks lets become root, until the file `changed` is there.
  // Where `asks-again` is, it has a second question when it runs something.
  void UseSudo() const {
    base::MakeDirectories(At("path"));
    Script("path/id", "case $1 in -u) echo ${IS_ROOT:-1000};; *) echo anna;; esac\n");
    Script("path/sudo",
           "[ \"$1\" != -n ] || { echo 'sudo: a password is required' >&2; exit 1; }\n"
           "[ \"$1 $2 $3\" = '-k -S -p' ] || exit 9\nprompt=$4\nshift 4\n"
           "for try in 1 2 3; do\n  printf %s \"$prompt\" >&2\n  IFS= read -r typed || exit 1\n"
           "  echo \"$typed\" >>" +
               At("typed") + "\n  [ -n \"$prompt\" ] || [ ! -e " + At("asks-again") +
               " ] || read -r code || exit 1\n  if [ \"$typed\" = 'open sesame' ] && [ ! -e " +
               At("changed") +
               " ]; then IS_ROOT=0 exec \"$@\"; fi\n"
               "  echo 'Sorry, try again.' >&2\ndone\nexit 1\n");
    Script("ssh", "echo \"$*\" >>" + At("calls") +
                      "\nfor command; do :; done\nunset IS_ROOT\nexport PATH=" + At("path") +
                      ":$PATH\necho a banner\nexec sh -c \"$command\" 2>" + At("said") + "\n");
  }
};

TEST_F(RemoteTest, ArgumentsOutputAndExitCodeAreThoseOfTheHost) {
  const std::string hard = "a b'c\"d$(touch x)`y`\\ \\\\\n*;é";
  EXPECT_EQ(Run({"status", "--json", "--by", hard}), 8);
  EXPECT_EQ(out_, "[status]\n[--json]\n[--by]\n[" + hard + "]\n[--root]\n[" + At("root") + "]\n");
  EXPECT_THAT(Get("calls"), HasSubstr(" web1 sh -c "));
}

// The history of the host names both.
TEST_F(RemoteTest, WhoeverChangesAHostIsNamedThereWithTheLogin) {
  base::MakeDirectories(At("path"));
  Script("path/id", "case $1 in -u) echo 0;; *) echo ops;; esac\n");
  Script("ssh", "for command; do :; done\nexport SSH_CONNECTION='192.0.2.7 1 192.0.2.2 22' PATH=" +
                    At("path") + ":$PATH SUDO_USER=mallory LOGNAME=mallory USER=mallory\n" +
                    "exec sh -c \"$command\"\n");
  const char* const before = std::getenv("LOGNAME");
  ::setenv("LOGNAME", "anna smith", 1);
  EXPECT_EQ(Run({"prune"}), 8);
  EXPECT_THAT(out_,
              testing::ContainsRegex(
                  "^\\[--by\\]\n\\[anna_smith@[^ ]+ as ops from 192\\.0\\.2\\.7\\]\n\\[prune"));
  EXPECT_EQ(Run({"status"}), 8);  // which no history has
  EXPECT_THAT(out_, Not(HasSubstr("--by")));
  before == nullptr ? ::unsetenv("LOGNAME") : ::setenv("LOGNAME", before, 1);
}

TEST_F(RemoteTest, AHostThatIsNotReachedIsSaidSo) {
  Script("ssh", "exit 255\n");
  EXPECT_EQ(Run({"status"}), 7);
  EXPECT_THAT(error_, HasSubstr("web1 was not reached"));
  EXPECT_EQ(Run({"--latest"}), 7);  // it never began, so nothing is tried again
}

TEST_F(RemoteTest, AHostWithoutActivateIsToldToBePushedTo) {
  base::Unlink(At("root/bin/activate"));
  EXPECT_EQ(Run({"status"}), 1);
}

TEST_F(RemoteTest, AnyLoginShellPassesTheArgumentsOn) {
  Activate("for word; do printf '[%s]' \"$word\"; done\n");
  for (const char* shell : {"dash", "bash", "rbash", "zsh", "mksh", "tcsh", "fish"}) {
    Script("ssh", "for command; do :; done\nexec " + std::string(shell) + " -c \"$command\"\n");
    EXPECT_EQ(Run({"status", "--by", "a!b'c\\ \"$x"}), 0) << shell;
    EXPECT_THAT(out_, HasSubstr("[a!b'c\\ \"$x]")) << shell;
  }
}

// Where the login is not root: id says otherwise, doas gives it back.
TEST_F(RemoteTest, WhereSudoIsMissingDoasWillDo) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, to hide sudo";
  }
  Activate("echo \"$IS_ROOT $*\"\n");
  base::MakeDirectories(At("path"));
  Script("path/id", "case $1 in -u) echo 1000;; *) echo anna;; esac\n");
  Script("path/doas", "[ \"$1\" = -n ] || exit 9\nshift\nIS_ROOT=1 exec \"$@\"\n");
  Script("ssh",
         "for command; do :; done\nunset IS_ROOT SSH_CONNECTION\nexec 2>" + At("said") +
             "\nexport PATH=" + At("path") +
             ":$PATH command\n"
             "exec unshare -m sh -c 'mount --make-rprivate / && for sudo in /usr/bin/sudo; do [ ! "
             "-e $sudo ] || mount --bind /dev/null $sudo; done; exec sh -c \"$command\"'\n");
  EXPECT_EQ(Run({"--latest", "--id", "1"}), 0);
  EXPECT_THAT(out_, testing::ContainsRegex("^1 --by [^ ]+ as anna --latest "));
  Script("path/doas", "exit 1\n");
  EXPECT_EQ(Run({"--latest"}), 1);
  EXPECT_THAT(
      Get("said"),
      HasSubstr("activate: error: needs root there, anna is not, and doas does not let anna "
                "run sh without a password: log in as root, as in root@HOST\n"));
  Activate("echo \"${IS_ROOT:-none} $*\"\n");
  EXPECT_EQ(Run({"status"}), 0);
  EXPECT_THAT(out_, testing::StartsWith("none status"));
}

TEST_F(RemoteTest, APasswordThatSudoWantsIsGivenToItAlone) {
  UseSudo();
  Activate("echo \"as $IS_ROOT with [$(cat)]: $*\"\nexit 8\n");
  answer_ = "open sesame\n";
  EXPECT_EQ(Run({"--ask-sudo-password", "status"}), 8) << error_;
  EXPECT_EQ(out_, "as 0 with []: status --root " + At("root") + "\n");
  EXPECT_EQ(Get("typed"), "open sesame\nopen sesame\n");  // sudo tries it, and runs it
  EXPECT_THAT(Get("calls"), Not(HasSubstr("sesame")));
  Activate("echo \"as $IS_ROOT: $*\"\n");  // whose input stays open
  EXPECT_EQ(Run({"--ask-sudo-password", "history", "--follow"}), 0) << error_;
  EXPECT_THAT(out_, HasSubstr("as 0: --until-input-ends history --follow"));
  answer_ = "";
  EXPECT_EQ(Run({"--ask-sudo-password", "status"}), 2);
  EXPECT_THAT(error_, HasSubstr("there is no terminal"));
  EXPECT_EQ(Run({"--latest"}), 1);
  EXPECT_THAT(Get("said"), HasSubstr("let anna use sudo without a password, or type it "
                                     "(--ask-sudo-password)"));
}

TEST_F(RemoteTest, AWrongPasswordIsOneLineAndTriedOnce) {
  UseSudo();
  answer_ = "guess\n";
  EXPECT_EQ(Run({"--ask-sudo-password", "--latest"}), 1);
  EXPECT_EQ(error_, "web1: the password is wrong there, says sudo");
  EXPECT_EQ(Get("typed"), "guess\n");
  EXPECT_EQ(out_, "");
}

// So nobody reads the password: that is no reader of ours who is gone.
TEST_F(RemoteTest, AnSshThatEndedBeforeItGotThePasswordIsNoSuccess) {
  Script("ssh", "exec <&-\necho SLIPWAY1 ALIVE\necho SLIPWAY1 PASSWORD TRIED\nexit 255\n");
  answer_ = "open sesame\n";
  EXPECT_EQ(Run({"--ask-sudo-password", "history", "--follow"}), 7);
  EXPECT_THAT(error_, HasSubstr("web1 was not reached"));
}

// As of PAM, which may ask for a code after the password.
TEST_F(RemoteTest, ASecondQuestionOfSudoEndsTheLogin) {
  UseSudo();
  Put("asks-again", "");
  answer_ = "open sesame\n";
  EXPECT_EQ(Run({"--ask-sudo-password", "status"}), 1);  // sudo said why
}

TEST_F(RemoteTest, ALoginThatGetsNoFurtherEnds) {
  Script("ssh", "echo SLIPWAY1 ALIVE\nexec tail -f /dev/null\n");
  RemoteHost host{"web1", "web1", At("root")};
  host.login_limit = std::chrono::seconds(0);
  CommandLine line;
  line.ssh = At("ssh");
  line.command = Command::kStatus;
  const RemoteOutput output = {[](std::string_view) {}, nullptr, nullptr};
  try {
    RunOnHost(line, {"status"}, host, output, std::chrono::seconds(0));
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ExitCode::kUnreachable);
    EXPECT_THAT(error.what(), HasSubstr("web1: the login took longer than 0 s"));
  }
}

// A forced command, a restricted shell: what it ends with says nothing of what was asked for.
TEST_F(RemoteTest, ALoginThatRunsSomethingElseIsNoSuccess) {
  Script("ssh", "echo This host is being moved until noon.\n");
  EXPECT_EQ(Run({"--latest"}), 7);
  EXPECT_EQ(error_,
            "web1: the login ended with 0 before our program ran there: This host is being "
            "moved until noon.");
  Script("ssh", "printf 'Please login as debian.'; exit 142\n");
  EXPECT_EQ(Run({"status"}), 7);
  EXPECT_THAT(error_, testing::EndsWith(": Please login as debian."));
}

TEST_F(RemoteTest, HowToReachHostsIsOnlyForOthers) {
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"--latest", "--hosts", "web1"},
                                             {"status", "--jobs", "2"},
                                             {"--latest", "--ssh", "x"},
                                             {"--latest", "--ask-sudo-password"}}) {
    try {
      ParseCommandLine(wrong, base::Io{});
      ADD_FAILURE() << wrong[1];
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ExitCode::kUsage);
      EXPECT_THAT(error.what(), HasSubstr("requires --host"));
    }
  }
}

TEST_F(RemoteTest, ALostSwitchIsFollowedUnderTheSameId) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, as a switch does";
  }
  Activate("echo \"$*\" >>" + At("asked") + "\necho done\nexit 3\n");
  base::WriteFileAtomically(At("cut"), "");
  EXPECT_EQ(Run({"--latest"}), 3);
  EXPECT_EQ(out_, "done\ndone\n");
  EXPECT_THAT(Get("err"), HasSubstr("web1: the connection was lost; the activation goes on there"));
  const std::string asked = Get("asked");
  const std::string first = asked.substr(0, asked.find('\n') + 1);
  EXPECT_THAT(first, HasSubstr(" --id "));
  EXPECT_EQ(asked, first + first);
}

// As the host says it, on a connection that is shared with nobody; what else it prints is ours.
TEST_F(RemoteTest, ASwitchThatWaitsIsConfirmedOverAnotherConnection) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, as a switch does";
  }
  Activate("echo \"$*\" >>" + At("asked") +
           "\ncase $* in *--confirm\\ *) echo done; exit 3 ;; esac\n"
           "echo one; echo SLIPWAY1 CONFIRM; sleep 2\n");
  EXPECT_EQ(Run({"--latest", "--confirm-within", "1m"}), 3);
  EXPECT_EQ(out_, "one\ndone\n");
  EXPECT_EQ(err_, "activate: web1: healthy; confirming over a new connection\n");
  const std::string asked = Get("asked");
  const std::string first = asked.substr(0, asked.find('\n') + 1);
  std::string again = first;
  EXPECT_EQ(asked, first + again.replace(again.find(" --id"), 0, " --confirm"));
  const std::string calls = Get("calls");
  const size_t second = calls.find('\n') + 1;
  EXPECT_THAT(calls.substr(0, second), Not(HasSubstr("ControlPath")));
  EXPECT_THAT(calls.substr(second), HasSubstr("ControlPath=none"));
}

TEST_F(RemoteTest, AHostThatIsNeverContentIsNotConfirmedForEver) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, as a switch does";
  }
  Activate("echo SLIPWAY1 CONFIRM\n");
  EXPECT_EQ(Run({"--latest", "--confirm-within", "1m"}), 4);
  EXPECT_THAT(error_, HasSubstr("again and again"));
  EXPECT_EQ(Run({"--latest"}), 0);  // a line like any other where it was not asked for
  EXPECT_EQ(out_, "SLIPWAY1 CONFIRM\n");
}

// However long the first loss is ago.
TEST_F(RemoteTest, OneThatIsLostAgainIsFollowedAgain) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, as a switch does";
  }
  Activate("exit 3\n");
  base::WriteFileAtomically(At("cut1"), "");
  base::WriteFileAtomically(At("cut2"), "");
  EXPECT_EQ(Run({"--latest"}, std::chrono::milliseconds(1)), 3) << error_;
}

// While it boots it may refuse logins, with any exit code.
TEST_F(RemoteTest, ARefusedLoginDoesNotEndASwitchThatBegan) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, as a switch does";
  }
  Script("ssh",
         "while [ $# -gt 2 ]; do shift; done\nn=$(cat " + At("n") + " 2>/dev/null)\necho x$n >" +
             At("n") +
             "\ncase $n in '') sh -c \"$2\"; exit 255 ;; x) echo System is booting up.; exit "
             "1 ;; esac\nsh -c \"$2\"\n");
  Activate("exit 3\n");
  EXPECT_EQ(Run({"--latest"}), 3) << error_;
  EXPECT_EQ(Get("n"), "xxx\n");
}

// Whatever it says instead, the switch that began is no "nothing changed".
TEST_F(RemoteTest, ALoginThatOnlyPrintsDoesNotEndASwitchThatBegan) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, as a switch does";
  }
  Script("ssh", "while [ $# -gt 2 ]; do shift; done\nif [ -e " + At("n") +
                    " ]; then exec yes; fi\n: >" + At("n") + "\nsh -c \"$2\"\nexit 255\n");
  EXPECT_EQ(Run({"--latest"}, std::chrono::milliseconds(1)), 4);
  EXPECT_THAT(error_, HasSubstr("web1 prints endlessly"));
  EXPECT_THAT(error_, HasSubstr("look at `activate status` there"));
}

TEST_F(RemoteTest, APasswordThatBecameWrongIsNotTriedForAsLongAsPatienceLasts) {
  UseSudo();
  Activate(": >" + At("changed") + "\nkill -9 $$\n");
  answer_ = "open sesame\n";
  EXPECT_EQ(Run({"--ask-sudo-password", "--latest"}), 4);
  EXPECT_THAT(error_, HasSubstr("the password is wrong there"));
}

// The person may be gone when the connection is made again.
TEST_F(RemoteTest, SshAsksNothingOnceASwitchBegan) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, as a switch does";
  }
  Activate("exit 3\n");
  base::WriteFileAtomically(At("cut"), "");
  answer_ = "there is a terminal\n";
  EXPECT_EQ(Run({"--latest"}), 3);
  const std::string calls = Get("calls");
  const size_t second = calls.find('\n') + 1;
  EXPECT_THAT(calls.substr(0, second), Not(HasSubstr("BatchMode=yes")));
  EXPECT_THAT(calls.substr(second), HasSubstr("BatchMode=yes"));
}

TEST_F(RemoteTest, AHostThatDoesNotComeBackNeedsAttention) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, as a switch does";
  }
  Activate("kill -9 $$\n");
  EXPECT_EQ(Run({"--latest"}, std::chrono::milliseconds(0)), 4);
  EXPECT_THAT(error_, HasSubstr("look at `activate status` there"));
}

TEST(ShellQuoted, HoldsWhateverAShellWouldRead) {
  EXPECT_EQ(base::ShellQuoted("a b"), "'a b'");
  EXPECT_EQ(base::ShellQuoted("a!"), "'a'\\!''");  // csh looks for it in quotes
  EXPECT_EQ(base::ShellQuoted("it's"), "'it'\\''s'");
  EXPECT_EQ(base::ShellQuoted("a\\"), "'a'\\\\''");  // fish reads a backslash within quotes
}

TEST(WithoutHost, LeavesTheRestAsItIs) {
  EXPECT_THAT(
      WithoutHost({"--host", "a", "status", "--ssh=x", "--json", "--host=b", "--ssh", "y",
                   "--hosts", "f", "--jobs=2", "--hosts=g", "--ask-sudo-password", "--hostile"}),
      ElementsAre("status", "--json", "--hostile"));
}

}  // namespace
}  // namespace activator
