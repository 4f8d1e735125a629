// imgpush doctor: the sh program runs for real, as root in a mount namespace of its own. The agent
// is a script that says what the real one would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/digest.h"
#include "tests/pusher/imgpush_scene.h"

namespace pusher {
namespace {

using testing::HasSubstr;
using testing::Not;

class DoctorTest : public ImgpushTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root";
    }
    ImgpushTest::SetUp();
    base::MakeDirectories(At("srv/bb"));
    SayOfAgent("echo SLIPWAY1 FACT features erofs-lz4; echo SLIPWAY1 FACT free-bytes 9000000");
    UseHost("");
  }
  std::string At(const std::string& path) const { return directory_.path() + "/" + path; }

  void SayOfAgent(const std::string& action) {
    base::WriteFileAtomically(At("agent"),
                              "#!/bin/sh\ncase $1 in\ndigest) sha256sum <\"$0\" | cut -c 1-64 "
                              ";;\nexamine)\n[ \"$3 $4\" = '/srv/images /srv/images/bin' ] || exit "
                              "9\n" +
                                  action + ";;\n*) exit 9 ;;\nesac\n",
                              0755);
    ::setenv("SLIPWAY_AGENT", At("agent").c_str(), 1);
  }
  // ssh that runs the command here, `before` first. What the program leaves is in At("left").
  void UseHost(const std::string& before, const std::string& shell = "sh") {
    base::WriteFileAtomically(At("inside"),
                              "#!/bin/sh\nmount --make-rprivate / && mount --bind " + At("srv") +
                                  " /srv && mount -t tmpfs -o mode=755 none /run && "
                                  "mkdir -p /run/systemd/system\n" +
                                  before + "\n" + shell +
                                  " -c \"$1\"\ncode=$?\nls -A /run /srv/images >" + At("left") +
                                  " 2>/dev/null\nexit $code\n",
                              0755);
    UseSsh("exec unshare -m " + At("inside") + " \"$command\"");
  }
  Result Doctor(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"doctor", "--root", "/srv/images", "--retries", "0"});
    return Run(arguments);
  }
  // A login that is not root, with this sudo.
  void UseNobody(const std::string& sudo) {
    base::WriteFileAtomically(At("srv/bb/sudo"), "#!/bin/sh\n" + sudo + "\n", 0755);
    base::WriteFileAtomically(At("srv/bb/id"),
                              "#!/bin/sh\n[ -z \"${IS_ROOT:-}\" ] || exec /usr/bin/id \"$@\"\n"
                              "case $1 in -u) echo 1000;; *) echo anna;; esac\n",
                              0755);
    UseHost("export PATH=/srv/bb:$PATH");
  }
};

TEST_F(DoctorTest, TellsWhatWorksAndLeavesNothing) {
  const Result result = Doctor({"--target", "lz4", "web1"});
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, HasSubstr("\n  login          yes     root\n"));
  EXPECT_THAT(result.out, HasSubstr("\n  EROFS lz4      yes     mounts\n"));
  EXPECT_THAT(result.out,
              HasSubstr("\n  EROFS zstd     note    it cannot mount zstd EROFS images"));
  EXPECT_THAT(result.out, testing::EndsWith("\nweb1: ready for lz4 images\n"));
  EXPECT_EQ(base::ReadFile(At("left")), "/run:\nsystemd\n");
}

TEST_F(DoctorTest, AnObstacleIsNamedAndTheExitCodeSaysSo) {
  const Result result = Doctor({"web1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("EROFS zstd     no      it cannot mount zstd EROFS images; it "
                                    "can mount: lz4; build with --target lz4\n"));
  EXPECT_THAT(result.out, HasSubstr("web1: not ready for zstd images: see EROFS zstd\n"));
}

TEST_F(DoctorTest, AWrongHostIsToldBeforeThePasswordIsAskedFor) {
  answer_ = "open sesame\n";
  const Result result = Doctor({"--ask-sudo-password", "@nowhere"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("nowhere"));
  EXPECT_THAT(result.err, Not(HasSubstr("Password")));
}

TEST_F(DoctorTest, ToolsOfBusyboxWillDo) {
  UseHost("busybox --install -s /srv/bb; export PATH=/srv/bb", "/srv/bb/sh");
  const Result result = Doctor({"--target", "lz4", "web1"});
  EXPECT_THAT(result.out, HasSubstr("  tools          yes "));
  EXPECT_THAT(result.out, HasSubstr("  EROFS lz4      yes "));
  EXPECT_EQ(base::ReadFile(At("left")), "/run:\nsystemd\n");
}

TEST_F(DoctorTest, TheImagesThatAreNamedSayWhatIsNeeded) {
  Build("app", 2, 0, "1");
  const Result result = Doctor({"web1", "app"});
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("web1: ready for app\n"));
}

TEST_F(DoctorTest, AnAgentThatAPushStoredIsUsed) {
  SayOfAgent("echo SLIPWAY1 FACT features from $0");
  const std::string digest = base::Sha256OfFile(At("agent")).ToHex();
  UseHost("umask 022; mkdir -p /srv/images/bin && cp " + At("agent") +
          " /srv/images/bin/activate-" + digest);
  const Result result = Doctor({"web1"});
  EXPECT_THAT(result.out, HasSubstr("it can mount: from, /srv/images/bin/activate-" + digest));
}

// They could put another in its place once it was verified.
TEST_F(DoctorTest, AnAgentThatOthersCanReplaceIsNotRun) {
  SayOfAgent("echo SLIPWAY1 FACT features from $0");
  UseHost("umask 022; mkdir -p /srv/images/bin && cp " + At("agent") +
          " /srv/images/bin/activate-" + base::Sha256OfFile(At("agent")).ToHex() +
          " && chmod 777 /srv/images");
  const Result result = Doctor({"web1"});
  EXPECT_THAT(result.out,
              HasSubstr("  root           no      /srv/images can be written by other"));
  EXPECT_THAT(result.out, HasSubstr("it can mount: from, /run/slipway-doctor."));
}

TEST_F(DoctorTest, AHostThatSaysTooMuchIsGivenUp) {
  UseSsh(
      "i=0; while [ $i -lt 1000 ]; do echo SLIPWAY1 FACT $i x; i=$((i + 1)); done; echo "
      "SLIPWAY1 DONE");
  EXPECT_THAT(Doctor({"web1"}).err, HasSubstr("web1 broke the protocol: it answered 'FACT 300 x'"));
  const std::string size = std::to_string(base::FileSize(At("agent")));
  UseSsh("for i in 1 2; do echo SLIPWAY1 NEED; head -c " + size + " >/dev/null; done");
  EXPECT_THAT(Doctor({"web1"}).err, HasSubstr("web1 broke the protocol: it answered 'NEED'"));
}

// Hosts may lock the account after a few.
TEST_F(DoctorTest, AWrongPasswordIsTriedOnOneHost) {
  UseNobody(
      "case $1 in -n) echo 'sudo: a password is required' >&2; exit 1 ;; esac\n"
      "for try in 1 2 3; do printf %s \"$4\" >&2; read -r typed || exit 1\n"
      "echo \"$typed\" >>/srv/typed; done; exit 1");
  answer_ = "guess\n";
  const Result result = Doctor({"--ask-sudo-password", "web1,web2,web3"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr(": the password is wrong there, says sudo\n"));
  EXPECT_THAT(result.err, HasSubstr(": the password was not tried there, for sudo on web"));
  EXPECT_EQ(base::ReadFile(At("srv/typed")), "guess\n");
}

TEST_F(DoctorTest, ALoginWithoutAWayToRootSeesWhatEverybodySees) {
  UseNobody("echo 'sudo: a password is required' >&2; exit 1");
  const Result result = Doctor({"web1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("  login          no      needs root there, anna is not, and "
                                    "sudo -n says: a password is required; log in as root"));
  EXPECT_THAT(result.out, HasSubstr("  systemd        yes "));
  EXPECT_THAT(result.out, HasSubstr("  agent          unknown not asked: it needs root\n"));
  EXPECT_EQ(base::ReadFile(At("left")), "/run:\nsystemd\n");
}

TEST_F(DoctorTest, ALoginThatMaySudoIsAskedAsRoot) {
  UseNobody("[ \"$1\" = -n ] || exit 9; shift; IS_ROOT=1 exec \"$@\"");
  const Result result = Doctor({"--target", "lz4", "web1"});
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("  login          yes     anna, root by sudo\n"));
}

TEST_F(DoctorTest, WhatTheShellFindsIsTold) {
  UseHost("umount /run; mount -t tmpfs none /run; chmod 777 /srv");
  const Result result = Doctor({"web1"});
  EXPECT_THAT(result.out, HasSubstr("  systemd        no      it does not run systemd"));
  EXPECT_THAT(result.out, HasSubstr("  root           no      /srv can be written by other users"));
}

TEST_F(DoctorTest, AnAgentThatDoesNotRunIsToldAndTheRestIsKnown) {
  SayOfAgent("echo 'it broke: why' >&2; exit 7");
  const Result result = Doctor({"web1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("  agent          unknown not asked: it ended with 7: why\n"));
  EXPECT_THAT(result.out, HasSubstr("  login          yes "));
}

TEST_F(DoctorTest, SeveralHostsEachHaveATableAndTheWorstCodeCounts) {
  UseSsh("case $* in *gone*) echo no route >&2; exit 255 ;; esac; exec unshare -m " + At("inside") +
         " \"$command\"");
  const Result result = Doctor({"--target", "lz4", "web1,gone,web2"});
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.err, "imgpush: error: gone: the connection failed: no route\n");
  EXPECT_THAT(result.out, HasSubstr("web1: ready for lz4 images\n"));
  EXPECT_THAT(result.out, HasSubstr("web2: ready for lz4 images\n"));
}

TEST_F(DoctorTest, AsJson) {
  const nlohmann::json host = OnlyHost(Doctor({"--json", "web1"}));
  EXPECT_EQ(host["name"], "web1");
  EXPECT_EQ(host["ready"], false);
  EXPECT_EQ(host["exit_code"], 1);
  EXPECT_EQ(host["findings"][0]["name"], "login");
  EXPECT_EQ(host["findings"][0]["verdict"], "yes");
}

TEST_F(DoctorTest, AFolderOrAnUnknownTargetIsAUsageError) {
  EXPECT_EQ(Doctor({host()}).code, 2);
  EXPECT_EQ(Doctor({"--target", "xz", "web1"}).code, 2);
  EXPECT_EQ(Doctor({}).code, 2);
  EXPECT_THAT(Doctor({"--help"}).out, Not(HasSubstr("--activate")));
}

}  // namespace
}  // namespace pusher
