// `activate --host` with an ssh that runs the command here.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "activator/many_hosts.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/ssh_command.h"
#include "tests/support/scratch.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RemoteTest : public tests::ScratchTest {
 protected:
  RemoteTest() {
    base::MakeDirectories(At("root/bin"));
    Script("ssh", "echo \"$*\" >>" + At("calls") +
                      "\nwhile [ $# -gt 2 ]; do shift; done\necho a banner\nsh -c \"$2\"\n"
                      "code=$?\nfor cut in " +
                      At("cut*") + "; do [ -e $cut ] && rm $cut && exit 255; done\nexit $code\n");
    Activate("for word; do printf '[%s]\\n' \"$word\"; done; exit 8\n");
  }
  void Script(const std::string& name, const std::string& text) const {
    base::WriteFileAtomically(At(name), "#!/bin/sh\n" + text, 0755);
  }
  void Activate(const std::string& text) const { Script("root/bin/activate", text); }

  // The exit code, or that of the error; what it printed is in `out_`.
  int Run(std::vector<std::string> arguments,
          std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    arguments.insert(arguments.end(), {"--root", At("root"), "--host", "web1", "--ssh", At("ssh")});
    const base::UniqueFd out = base::Open(At("out"), O_RDWR | O_CREAT | O_TRUNC, 0644);
    const base::UniqueFd err = base::Open(At("err"), O_RDWR | O_CREAT | O_TRUNC, 0644);
    const base::Io io{0, out.get(), err.get()};
    const CommandLine line = ParseCommandLine(arguments, io).value();
    error_.clear();
    int code = 0;
    try {
      code = RunOnHosts(line, arguments, io, patience);
    } catch (const base::Error& thrown) {
      error_ = thrown.what();
      code = static_cast<int>(thrown.code());
    }
    out_ = Get("out");
    return code;
  }
  std::string out_;
  std::string error_;
};

TEST_F(RemoteTest, ArgumentsOutputAndExitCodeAreThoseOfTheHost) {
  const std::string hard = "a b'c\"d$(touch x)`y`\\ \\\\\n*;é";
  EXPECT_EQ(Run({"status", "--json", "--by", hard}), 8);
  EXPECT_EQ(out_, "[status]\n[--json]\n[--by]\n[" + hard + "]\n[--root]\n[" + At("root") + "]\n");
  EXPECT_THAT(Get("calls"), HasSubstr(" web1 sh -c "));
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
         "for command; do :; done\nunset IS_ROOT\nexec 2>" + At("said") +
             "\nexport PATH=" + At("path") +
             ":$PATH command\n"
             "exec unshare -m sh -c 'mount --make-rprivate / && for sudo in /usr/bin/sudo; do [ ! "
             "-e $sudo ] || mount --bind /dev/null $sudo; done; exec sh -c \"$command\"'\n");
  EXPECT_EQ(Run({"--latest", "--id", "1"}), 0);
  EXPECT_THAT(out_, testing::StartsWith("1 --latest"));
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
  EXPECT_THAT(first, testing::StartsWith("--id "));
  EXPECT_EQ(asked, first + first);
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
  EXPECT_THAT(WithoutHost({"--host", "a", "status", "--ssh=x", "--json", "--host=b", "--ssh", "y",
                           "--hosts", "f", "--jobs=2", "--hosts=g", "--hostile"}),
              ElementsAre("status", "--json", "--hostile"));
}

}  // namespace
}  // namespace activator
