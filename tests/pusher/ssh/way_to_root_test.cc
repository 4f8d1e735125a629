// Logins that are not root: sudo, its password, doas.
#include "hosts/way_to_root.h"

#include <gmock/gmock.h>

#include "tests/pusher/ssh/bootstrap_scene.h"

namespace pusher {
namespace {

using testing::HasSubstr;

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
}

// As the real one: asks three times, on standard error, and reads a line each time; where it has a
// ticket, not at all, unless -k tells it to forget that.
constexpr const char* kAskingSudo =
    "case $1 in -n) echo 'sudo: unable to resolve host pretty1: Name or service not known' >&2\n"
    "echo 'sudo: a password is required' >&2; exit 1 ;; esac\n"
    "if [ \"$1\" = -k ]; then shift; else IS_ROOT=1 ticket=yes; fi\n"
    "[ \"$1 $2\" = '-S -p' ] || exit 9\n"
    "prompt=$3; shift 3\n"
    "[ -z \"${ticket:-}\" ] || { export IS_ROOT; exec \"$@\"; }\n"
    "for try in 1 2 3; do\n"
    "  printf %s \"$prompt\" >&2; IFS= read -r typed || exit 1\n"
    "  [ \"$typed\" = ' a\\b' ] && IS_ROOT=1 exec \"$@\"\n"
    "  echo 'Sorry, try again.' >&2\n"
    "done\n"
    "exit 1";

TEST_F(SudoTest, APasswordThatSudoWantsIsGivenToItAlone) {
  host_.sudo_password = std::make_shared<hosts::SudoPassword>(" a\\b");
  const Result result = StartAsNobody(kAskingSudo);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.sent, agent_.size_bytes);
  EXPECT_EQ(result.then, "started receive --root /srv/images --by anna@laptop from 10.0.0.1");
  EXPECT_THAT(BootstrapCommand({agent_}, host_), testing::Not(HasSubstr("a\\b")));
}

TEST_F(SudoTest, AWrongPasswordIsOneLineAndGivenToNoFurtherHost) {
  host_.sudo_password = std::make_shared<hosts::SudoPassword>("guess");
  EXPECT_EQ(StartAsNobody(kAskingSudo).error, "web1: the password is wrong there, says sudo");
  EXPECT_EQ(StartAsNobody(kAskingSudo).error,
            "web1: the password was not tried there, for sudo on web1 says that it is wrong");
}

TEST_F(SudoTest, AWrongPasswordThatSudoAsksForOnceIsOneLineToo) {
  host_.sudo_password = std::make_shared<hosts::SudoPassword>("guess");
  EXPECT_EQ(StartAsNobody("[ $1 = -k ] || { echo 'sudo: a password is required' >&2; exit 1; }\n"
                          "printf %s \"$4\" >&2; read -r typed\n"
                          "echo 'sudo: 1 incorrect password attempt' >&2; exit 1")
                .error,
            "web1: the password is wrong there, says sudo");
}

TEST_F(SudoTest, TheRightPasswordOfWhoMayNotUseSudoIsSaidSo) {
  host_.sudo_password = std::make_shared<hosts::SudoPassword>("right");
  EXPECT_EQ(
      StartAsNobody("[ $1 = -k ] || { echo 'sudo: a password is required' >&2; exit 1; }\n"
                    "printf %s \"$4\" >&2; read -r typed\n"
                    "echo 'anna is not in the sudoers file.' >&2\n"
                    "echo 'This incident has been reported to the administrator.' >&2; exit 1")
          .error,
      "web1: needs root there, anna is not, and sudo says: anna is not in the sudoers file.; "
      "log in as root, as in root@HOST, or let anna use sudo for sh");
}

TEST_F(SudoTest, APasswordIsWhatIsMissingWhateverTheHostIsCalled) {
  EXPECT_THAT(StartAsNobody(kAskingSudo).error,
              HasSubstr("sudo -n says: a password is required; log in as root, as in root@HOST, or "
                        "let anna use sudo without a password, or type it"));
}

// What reads next would be given the password: a motd can print these lines.
TEST_F(SudoTest, WhatIsNotOurProgramIsGivenNoPassword) {
  const std::string taker = "; read -r typed; echo \"typed: $typed\" >/srv/typed";
  for (const bool has_password : {false, true}) {
    host_.sudo_password = has_password ? std::make_shared<hosts::SudoPassword>("secret") : nullptr;
    for (const char* line : {"PASSWORD", "PASSWORD TRIED"}) {
      EXPECT_THAT(Start("", std::string("echo SLIPWAY1 ") + line + taker).error,
                  HasSubstr("something there asks for a password before our program runs"))
          << line;
    }
  }
  EXPECT_THAT(Start("", "echo SLIPWAY1 ALIVE; echo SLIPWAY1 PASSWORD" + taker).error,
              HasSubstr("asks for the password out of turn"));
  host_.sudo_password.reset();
  EXPECT_THAT(Start("", "echo SLIPWAY1 ALIVE; echo SLIPWAY1 PASSWORD" + taker).error,
              HasSubstr("something there asks for a password that our program does not want"));
  EXPECT_THAT(base::ReadFileIfThere(scratch_.path() + "/typed").value_or(""),
              testing::Not(HasSubstr("secret")));
}

TEST_F(SudoTest, WhereSudoIsMissingDoasWillDo) {
  const std::string bin = scratch_.path() + "/path";
  base::MakeDirectories(bin);
  base::WriteFileAtomically(
      bin + "/doas", "#!/bin/sh\n[ \"$1\" = -n ] || exit 9\nshift\nIS_ROOT=1 exec \"$@\"\n", 0755);
  hidden_ = "sudo";
  const Result result = StartAsNobody("");
  EXPECT_EQ(result.error, "");
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

}  // namespace
}  // namespace pusher
