// imgpush --activate: over dir: with the program that runs on hosts, and over stand-ins for ssh.
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/interrupt.h"
#include "base/process.h"
#include "pusher/ssh/remote_activation.h"
#include "tests/pusher/imgpush_scene.h"

namespace pusher {
namespace {

using testing::HasSubstr;

class SwitchTest : public ImgpushTest {
 protected:
  void SetUp() override {
    ImgpushTest::SetUp();
    Build("app", 2, 0, "1");
  }
  // A host whose push works; `action` is done for the switch, on the push's connection the first
  // time and on one of its own when it is asked again. $host is where ssh was to go, $request what
  // the connection of the push was told.
  void UseSshThatSwitches(const std::string& action) {
    UseSsh(
        "for host; do [ \"$host\" != \"$command\" ] || break; last=$host; done; host=$last\n"
        "case $command in *receive*) echo 'SLIPWAY1 HAVE'; \"$SLIPWAY_AGENT\" receive --root " +
        folder() + "-$host --by me || exit; read -r request || exit 0 ;; esac\n" + action);
  }
  // Of a connection that is lost after it began, with little patience.
  void ExpectNeedsAttention() {
    const RemoteOptions options{directory_.path() + "/ssh", {"/var/lib/images", "me", "", {}}};
    RemoteActivation request;
    request.generation = 5;
    request.patience = std::chrono::milliseconds(10);
    request.show = [](const std::string&) {};
    try {
      ActivateOn({"web1", "web1", nullptr}, options, {}, request);
      FAIL();
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ExitCode::kNeedsAttention);
      EXPECT_THAT(error.what(), HasSubstr("lost while generation 5 was being activated"));
    }
  }
};

TEST_F(SwitchTest, WithoutATerminalItWantsYes) {
  const Result result = Run({"--activate", host()});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("there is no terminal: add --yes"));
  EXPECT_FALSE(base::Exists(folder()));
  EXPECT_EQ(Run({"--yes", host()}).code, 2);  // nothing to say yes to
}

TEST_F(SwitchTest, OnATerminalItAsksAndNoIsNo) {
  answer_ = "n\n";
  Result result = Run({"--activate", host()});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("Push and activate on " + host() + "? [y/N] "));
  EXPECT_THAT(result.err, HasSubstr("imgpush: error: the answer was no: nothing was changed\n"));
  EXPECT_TRUE(base::ListDirectory(folder() + "/app").empty());
  result = Run({"--activate", host() + "," + host() + "2"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");  // no host is done
  EXPECT_THAT(result.err, testing::EndsWith("nothing was changed\n"));
  EXPECT_EQ(OnlyHost(Run({"--json", "--activate", host()})).at("exit_code"), 1);
  answer_ = "y\n";
  result = Run({"--activate", host()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(base::ReadLinkIfThere(folder() + "/current"), "generations/1");
}

TEST_F(SwitchTest, AFolderIsActivatedAndSaysWhatRuns) {
  const Result result = Run({"--activate", "--yes", host()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, host() + ": activate: generation 1 is active\n");
  EXPECT_THAT(result.out, HasSubstr(", generation 1 staged\n"));
  EXPECT_THAT(
      result.out,
      HasSubstr("\n" + host() + ": generation 1 is its current one; nothing runs from a folder"));
  EXPECT_EQ(OnlyHost(Run({"--json", "--activate", "--yes", host()})).at("running"), 1);
}

TEST_F(SwitchTest, WhatActivateSaysAndItsExitCodePassThroughForEachHost) {
  UseSshThatSwitches(
      "echo Welcome; echo 'SLIPWAY1 STARTED'\n"
      "case $host in web1) echo 'SLIPWAY1 ENDED 0 1'; exit;; esac\n"
      "echo 'SLIPWAY1 FAILED {\"summary\": \"generation 1 was not activated: it failed\", "
      "\"detail\": [\"generation 7 runs again\", \"  its last \\u001bwords\"]}'\n"
      "echo 'SLIPWAY1 ENDED 3 7'; exit");
  const Result result = Run({"--activate", "--yes", "web1,web2"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.err,
            "imgpush: error: web2: generation 1 was not activated: it failed\n"
            "  generation 7 runs again\n    its last  words\n");
  EXPECT_THAT(result.out, HasSubstr("web1: generation 1 runs, activated in "));
  EXPECT_THAT(result.out, HasSubstr("web2: generation 7 runs\n"));
  EXPECT_THAT(result.out, HasSubstr("1 of 2 hosts done, 1 failed: web2; "));
  const nlohmann::json report = OnlyHost(Run({"--json", "--activate", "--yes", "web2"}));
  EXPECT_EQ(report.at("exit_code"), 3);
  EXPECT_EQ(report.at("running"), 7);
  EXPECT_EQ(report.at("generation"), 1);
  EXPECT_EQ(report.at("error"), "generation 1 was not activated: it failed");
  EXPECT_EQ(report.at("detail").front(), "generation 7 runs again");
}

TEST_F(SwitchTest, TheRestOfAnOverlongLineIsNoLineOfOurs) {
  UseSshThatSwitches(
      "echo 'SLIPWAY1 STARTED'; head -c 131072 /dev/zero | tr '\\0' x; echo 'SLIPWAY1 ENDED 0 "
      "1'\nhead -c 65536 /dev/zero | tr '\\0' x; echo; echo 'SLIPWAY1 ENDED 3 7'");
  const Result result = Run({"--activate", "--yes", "web1"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, HasSubstr("web1: generation 7 runs\n"));
}

// The second connection is asked for the same activation: it has the same id.
TEST_F(SwitchTest, ALostConnectionIsMadeAgainForTheSameActivation) {
  UseSshThatSwitches("ids=" + folder() +
                     "-ids\n"
                     "echo \"$request $command\" | grep -ow '[0-9a-f]\\{16\\}' | head -n 1 >>$ids\n"
                     "echo 'SLIPWAY1 STARTED'\n"
                     "case $(wc -l <$ids) in 1) echo gone >&2; exit 255;; 2) kill -9 $$;; esac\n"
                     "[ $(sort -u $ids | wc -l) = 1 ] && echo 'SLIPWAY1 ENDED 0 1'");
  const Result result = Run({"--activate", "--yes", "web1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("web1: the connection was lost; the activation goes on"));
  EXPECT_THAT(result.out, HasSubstr("web1: generation 1 runs, activated in "));
}

TEST_F(SwitchTest, WhatWaitsIsConfirmedOverAConnectionOfItsOwn) {
  UseSshThatSwitches("echo \"$* \" >>" + folder() +
                     "-asked; echo 'SLIPWAY1 STARTED'\n"
                     "case $command in *--confirm\\'*) echo 'SLIPWAY1 ENDED 0 1'; exit ;; esac\n"
                     "echo 'SLIPWAY1 CONFIRM'; sleep 60");
  const Result result = Run({"--activate", "--yes", "--confirm-within", "30", "web1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err, "web1: healthy; confirming over a new connection\n");
  EXPECT_THAT(result.out, HasSubstr("web1: generation 1 runs, activated in "));
  const std::string asked = base::ReadFile(folder() + "-asked");
  const size_t second = asked.find('\n') + 1;
  EXPECT_THAT(asked.substr(0, second), testing::AllOf(HasSubstr("--confirm-within"),
                                                      testing::Not(HasSubstr("ControlPath"))));
  EXPECT_THAT(asked.substr(second), HasSubstr("ControlPath=none"));
}

TEST_F(SwitchTest, AHostThatIsNeverContentIsNotConfirmedForEver) {
  UseSshThatSwitches("echo 'SLIPWAY1 STARTED'; echo 'SLIPWAY1 CONFIRM'");
  const Result result = Run({"--activate", "--yes", "--confirm-within", "30", "web1"});
  EXPECT_EQ(result.code, 4) << result.err;
  EXPECT_THAT(result.err, HasSubstr("again and again"));
}

TEST_F(SwitchTest, AFolderHasNothingToConfirm) {
  const Result result = Run({"--activate", "--yes", "--confirm-within", "30", host()});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--confirm-within is for hosts"));
}

TEST_F(SwitchTest, AHostThatIsNotReachedAtAllHasChangedNothing) {
  UseSshThatSwitches("echo 'no route to it' >&2; exit 255");
  const Result result = Run({"--activate", "--yes", "web1"});
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.err, HasSubstr("imgpush: error: web1: the connection failed: no route"));
}

TEST_F(SwitchTest, AHostThatIsLostForGoodNeedsAttention) {
  UseSshThatSwitches("[ ! -e " + folder() + "-begun ] || exit 255; : >" + folder() +
                     "-begun; echo 'SLIPWAY1 STARTED'; exit 255");
  ExpectNeedsAttention();
}

TEST_F(SwitchTest, AnActivateThatIsKilledEachTimeIsNotFollowedForEver) {
  UseSshThatSwitches(
      "echo 'SLIPWAY1 STARTED'; echo it goes on; echo 'SLIPWAY1 ALIVE'; echo; echo 'SLIPWAY1 ENDED "
      "137 '");
  ExpectNeedsAttention();
}

// Not "failed, nothing changed": what began goes on there.
TEST_F(SwitchTest, AHostThatRefusesUsAfterItBeganIsAskedAgain) {
  const std::string begun = folder() + "-begun";
  const std::string refusals =
      "echo x >>" + begun + "; case $(wc -l <" + begun +
      ") in 1) echo 'SLIPWAY1 STARTED'; exit 255;; 2) echo 'SLIPWAY1 REFUSED no sudo now'; exit "
      "1;; 3) echo 'the account is locked' >&2; exit 9;; 4) echo 'SLIPWAY1 STARTED'; echo "
      "'SLIPWAY1 ENDED 127 ';; esac\n";
  UseSshThatSwitches(refusals + "echo 'SLIPWAY1 STARTED'; echo 'SLIPWAY1 ENDED 0 1'");
  const Result result = Run({"--activate", "--yes", "web1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("web1: generation 1 runs, activated in "));
  base::RemoveTree(begun);
  UseSshThatSwitches(refusals);
  ExpectNeedsAttention();
}

TEST_F(SwitchTest, AHostThatRefusesUsBeforeItBeganHasChangedNothing) {
  UseSshThatSwitches("echo 'SLIPWAY1 REFUSED no sudo there'; exit 1");
  const Result result = Run({"--activate", "--yes", "web1"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("imgpush: error: web1: no sudo there\n"));
}

TEST_F(SwitchTest, AHostWhosePushFailedIsNotSwitchedAndTheOthersAre) {
  UseSshThatSwitches("echo 'SLIPWAY1 STARTED'; echo 'SLIPWAY1 ENDED 0 1'");
  base::MakeDirectories(folder() + "-web1");
  base::WriteFileAtomically(folder() + "-web1/generations", "in the way");
  const Result result = Run({"--activate", "--yes", "web1,web2"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, testing::Not(HasSubstr("web1: generation")));
  EXPECT_THAT(result.out, HasSubstr("web2: generation 1 runs"));
}

// The first host waits for its activation while the second is pushed to.
TEST_F(SwitchTest, AnInterruptBeforeTheActivationIsNoSuccess) {
  const std::string second = folder() + "-second";
  UseSshThatSwitches("exit 9");
  const std::string real = base::ReadFile(directory_.path() + "/ssh");
  UseSsh("for word; do [ \"$word\" != web2 ] || { : >" + second + "; exec sleep 100; }; done\n" +
         real);
  const base::ProcessResult result =
      base::Run({"sh", "-c",
                 "env --default-signal=INT \"$@\" & while [ ! -e " + second +
                     " ]; do sleep 0.05; done; kill -INT $!; wait $!",
                 "sh", TEST_IMGPUSH, "--images", images(), "--jobs", "1", "--activate", "--yes",
                 "web1,web2"});
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_EQ(result.err,
            "imgpush: error: web2: interrupted\n"
            "imgpush: error: web1: interrupted before its activation\n");
  EXPECT_THAT(result.out, HasSubstr("web1: sent "));
}

TEST_F(SwitchTest, AnInterruptOfTheQuestionIsNoSuccessAndTheReportComesAllTheSame) {
  const std::string out = folder() + "-out";
  const std::string err = folder() + "-err";
  const auto exit_code = [&] {
    base::InstallInterruptHandlers();
    std::array<int, 2> nobody_types{};
    EXPECT_EQ(::pipe(nobody_types.data()), 0);
    const base::UniqueFd out_fd = base::Open(out, O_RDWR | O_CREAT, 0644);
    const base::UniqueFd err_fd = base::Open(err, O_RDWR | O_CREAT, 0644);
    base::Io io;
    io.in = nobody_types[0];
    io.out = out_fd.get();
    io.err = err_fd.get();
    io.in_is_terminal = io.err_is_terminal = true;
    std::thread([&] {
      while (base::ReadFile(err).find("[y/N]") == std::string::npos) {
        ::usleep(10'000);
      }
      ::kill(::getpid(), SIGINT);
    }).detach();
    return RunImgpush({"--images", images(), "--json", "--activate", host()}, io);
  };
  EXPECT_EXIT(::_exit(exit_code()), testing::ExitedWithCode(130), "");
  EXPECT_THAT(base::ReadFile(err),
              HasSubstr("imgpush: error: " + host() + ": interrupted before it began\n"));
  EXPECT_THAT(base::ReadFile(out), HasSubstr("\"exit_code\": 130"));
}

TEST_F(SwitchTest, AnInterruptEndsTheFollowingAndSaysThatTheActivationGoesOn) {
  const std::string begun = folder() + "-begun";
  UseSshThatSwitches("echo 'SLIPWAY1 STARTED'; : >" + begun + "; exec sleep 100");
  const base::ProcessResult result =
      base::Run({"sh", "-c",
                 "env --default-signal=INT \"$@\" & while [ ! -e " + begun +
                     " ]; do sleep 0.05; done; sleep 1; kill -INT $!; wait $!",
                 "sh", TEST_IMGPUSH, "--images", images(), "--activate", "--yes", "web1"});
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_EQ(result.err,
            "imgpush: error: web1: interrupted, but the activation goes on there: look at "
            "`activate status`\n");
  EXPECT_THAT(result.out, HasSubstr("web1: sent "));
}

}  // namespace
}  // namespace pusher
