// imgpush --wave and --canary: which hosts have a part in which wave, and what ends it.
#include "pusher/waves.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/process.h"
#include "pusher/wave_ends.h"
#include "tests/pusher/imgpush_scene.h"

namespace pusher {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(WaveEndsTest, CountTheHostsThatAreDone) {
  EXPECT_THAT(WaveEnds("", 4), ElementsAre(4));
  EXPECT_THAT(WaveEnds("1,25%,100%", 10), ElementsAre(1, 3, 10));
  EXPECT_THAT(WaveEnds("1,25%,100%", 3), ElementsAre(1, 3));
  EXPECT_THAT(WaveEnds("2", 5), ElementsAre(2, 5));
  EXPECT_THAT(WaveEnds("9", 5), ElementsAre(5));
  for (const char* wrong : {"0", "x", "1,,2", "5,2", "101%", "%", "-1", "1;2"}) {
    EXPECT_THROW(WaveEnds(wrong, 10), base::Error) << wrong;
  }
}

class WavesTest : public ImgpushTest {
 protected:
  void SetUp() override {
    ImgpushTest::SetUp();
    Build("app", 2, 0, "1");
    Hosts({});
  }
  struct Actions {
    std::string push = "";              // before a push is answered
    std::string activation = "exit 0";  // ends with the exit code
    std::string status = "";  // sets code, active, switch, down, failing, unhealthy, drift
    std::string login = "";   // before a status is asked
  };
  // Hosts that note what is asked of them, and do `actions`. Our programs run there as root, with
  // an agent whose status is a script.
  void Hosts(const Actions& actions) {
    const std::string log = directory_.path() + "/log";
    base::MakeDirectories(bin());
    base::WriteFileAtomically(bin() + "/id", "#!/bin/sh\necho 0\n", 0755);
    base::WriteFileAtomically(
        bin() + "/activate-" + base::Sha256OfFile(TEST_AGENT).ToHex(),
        "#!/bin/sh\necho \"status $host\" >>" + log +
            "\n"
            "[ \"$1 $2 $3 $4 $5\" = \"status --check --json --root /var/lib/images\" ] || exit 9\n"
            "code=0 active=1 switch=null down= failing= unhealthy= drift=\n" +
            actions.status +
            "\n"
            "cat <<END\n"
            "{\n  \"active\": $active,\n  \"switch\": $switch,\n  \"down\": [$down],\n"
            "  \"failing\": [$failing], \"unhealthy\": [$unhealthy],\n  \"drift\": [$drift],\n  "
            "\"units\": "
            "[\"a\\\\\\\\b\"]\n}\n"
            "END\nexit $code\n",
        0755);
    UseSsh(
        "for host; do [ \"$host\" != \"$command\" ] || break; last=$host; done; host=$last\n"
        "export host PATH=" +
        bin() + ":$PATH\nlog=" + log +
        "\n"
        "case $command in\n"
        "*receive*) echo push $host >>$log; " +
        actions.push +
        "\n  echo 'SLIPWAY1 HAVE'\n"
        "  \"$SLIPWAY_AGENT\" receive --root " +
        folder() +
        "-$host --by me || exit\n"
        "  read -r request || exit 0\n"
        "  echo switch $host >>$log; echo 'SLIPWAY1 STARTED'\n"
        "  (" +
        actions.activation +
        "); echo \"SLIPWAY1 ENDED $? 1\" ;;\n"
        "*STATUS*) " +
        actions.login +
        "\n  sh -c \"$command\" ;;\n"
        "esac");
  }
  Result Waves(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--activate", "--agent-dir", bin()});
    if (answer_.empty()) {
      arguments.insert(arguments.begin(), "--yes");
    }
    if (std::ranges::find(arguments, "--retries") == arguments.end()) {
      arguments.insert(arguments.begin(), {"--retries", "0"});
    }
    return Run(arguments);
  }
  // What was asked so far, of whom.
  std::string Log() const {
    std::string log = base::ReadFileIfThere(directory_.path() + "/log").value_or("");
    std::replace(log.begin(), log.end(), '\n', ';');
    return log;
  }
  std::string bin() const { return directory_.path() + "/bin"; }
};

TEST_F(WavesTest, EachIsActivatedBeforeTheNextIsBegun) {
  const Result result = Waves({"--wave", "1,50%", "--pause", "0", "--jobs", "1", "a,b,c,d"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Log(),
            "push a;switch a;status a;push b;switch b;status b;push c;push d;switch c;switch d;");
  EXPECT_THAT(result.out, HasSubstr("4 of 4 hosts done; "));
}

TEST_F(WavesTest, AFailureLeavesTheRestAsItIsAndSaysHowToGoOn) {
  Hosts({.activation = "[ $host != b ] || exit 3"});
  const Result result = Waves({"--wave", "1,2", "--pause", "0", "a,b,c,d"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(Log(), "push a;switch a;status a;push b;switch b;");
  EXPECT_THAT(result.out, HasSubstr("1 of 4 hosts done, 1 failed: b, 2 not begun: c, d; "));
  EXPECT_THAT(result.err, HasSubstr("once that is mended: imgpush "));
  EXPECT_THAT(result.err, HasSubstr(" --wave 1,2 --pause 0 b,c,d\n"));
}

TEST_F(WavesTest, AFailureStopsTheRestOfItsOwnWave) {
  Hosts({.activation = "[ $host != a ] || exit 3"});
  const Result result = Waves({"--wave", "3", "--pause", "0", "--jobs", "1", "a,b,c,d"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(Log(), "push a;push b;push c;switch a;");
  EXPECT_THAT(result.err, HasSubstr("b: pushed, and not activated, because another host failed"));
}

// After a wave that failed as a whole there is nothing to wait for.
TEST_F(WavesTest, TheyGoOnWhereTheyAreToldTo) {
  Hosts({.activation = "[ $host != a ] || exit 3"});
  const Result result = Waves({"--canary", "1", "--go-on", "--pause", "10h", "a,b"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(Log(), "push a;switch a;push b;switch b;");
}

TEST_F(WavesTest, WhereTheyGoOnTheOthersOfAWaveAreAskedAllTheSame) {
  Hosts({.activation = "[ $host != a ] || exit 3", .status = "code=4; down='\"web is failed\"'"});
  const Result result = Waves({"--wave", "2", "--go-on", "--pause", "0", "--jobs", "1", "a,b,c"});
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(Log(), "push a;push b;switch a;switch b;status b;push c;switch c;");
  EXPECT_THAT(result.out, HasSubstr("1 of 3 hosts done, 2 failed: a, b; "));
}

TEST_F(WavesTest, ACanaryThatIsDownAfterThePauseStopsTheRest) {
  Hosts({.status = "code=4; down='\"web.service is failed (exit-code, status 1)\"'"});
  const Result result = Waves({"--canary", "1", "--pause", "1", "a,b,c"});
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(Log(), "push a;switch a;status a;");
  EXPECT_THAT(result.err, HasSubstr("imgpush: error: a: generation 1 was activated and is not "
                                    "healthy any more\n"
                                    "  web.service is failed (exit-code, status 1)\n"));
  EXPECT_THAT(result.out, HasSubstr("0 of 3 hosts done, 1 failed: a, 2 not begun: b, c; "));
  EXPECT_THAT(result.out, HasSubstr("a: generation 1 is active, and needs attention: "));
}

TEST_F(WavesTest, ACanaryStopsTheRestForWhatStatusCheckFinds) {
  for (const auto& [status, code, why] : std::vector<std::tuple<std::string, int, std::string>>{
           {R"(code=4; unhealthy='"web.service is active, but its check \"x\" did not pass"')", 4,
            "any more\n  web.service is active, but its check \"x\" did not pass\n"},
           {R"(code=4; failing='"job.service failed in its last run"')", 4,
            "any more\n  job.service failed in its last run\n"},
           {"code=5; switch='{\"to\": 2}'", 5,
            "a: another switch is in progress there: `activate status` says whose"},
           {"code=4; switch='{\"to\": 2}'", 4, "a: its last switch was cut off: "},
           {"active=6", 4, "a: generation 6 runs there now, and not generation 1, which was"},
           {"code=4; active=null", 4, "a: nothing runs there now, and not generation 1, which was"},
           {"echo no systemd >&2; exit 1", 4, "--check` ended with 1 there\n  no systemd\n"}}) {
    base::RemoveTree(directory_.path() + "/log");
    Hosts({.status = status});
    const Result result = Waves({"--canary", "1", "--pause", "0", "a,b"});
    EXPECT_EQ(result.code, code) << status << result.err;
    EXPECT_EQ(Log(), "push a;switch a;status a;") << status;
    EXPECT_THAT(result.err, HasSubstr(why));
  }
  Hosts({.status = "active=6"});
  EXPECT_EQ(OnlyHost(Waves({"--json", "--canary", "1", "--pause", "0", "a,b"})).at("running"), 6);
}

TEST_F(WavesTest, DriftAloneStopsNothing) {
  Hosts({.status = "code=4; drift='\"web.service is no link to its generation\"'"});
  const Result result = Waves({"--canary", "1", "--pause", "0", "a,b"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Log(), "push a;switch a;status a;push b;switch b;");
}

TEST_F(WavesTest, ACanaryThatStaysUpIsFollowedByTheOthers) {
  const Result result = Waves({"--canary", "1", "--pause", "1", "--jobs", "1", "a,b"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Log(), "push a;switch a;status a;push b;switch b;");
}

TEST_F(WavesTest, ARefusedConnectionOfTheQuestionIsTriedAgain) {
  Hosts({.login = "[ -e $log-refused ] || { : >$log-refused; exit 255; }"});
  const Result result = Waves({"--canary", "1", "--pause", "0", "--retries", "1", "a,b"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Log(), "push a;switch a;status a;push b;switch b;");
}

TEST_F(WavesTest, WhereItIsAskedTheQuestionNamesTheWaves) {
  answer_ = "y\n";
  const Result result = Waves({"--wave", "1,3", "--pause", "0", "--jobs", "1", "a,b,c,d"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("Push and activate in 3 waves: a; b, c; d? [y/N] "));
  EXPECT_THAT(Log(),
              testing::EndsWith("switch a;status a;switch b;switch c;status b;status c;switch d;"));
}

TEST_F(WavesTest, ACanaryWhosePlanFailsStopsTheRest) {
  answer_ = "y\n";
  Hosts({.push = "[ $host != a ] || { echo 'SLIPWAY1 REFUSED no room'; exit 1; }"});
  const Result result = Waves({"--canary", "1", "--pause", "0", "a,b,c"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(Log(), Not(HasSubstr("switch")));
  EXPECT_THAT(result.err, Not(HasSubstr("[y/N]")));
  EXPECT_THAT(result.err, HasSubstr("imgpush: left out, because the plan of a failed (--go-on: not "
                                    "left out): b, c\n"));
  EXPECT_THAT(result.out, HasSubstr("0 of 3 hosts done, 1 failed: a, 2 not begun: b, c; "));
}

TEST_F(WavesTest, APlanThatFailsLeavesOutItsWaveAndTheLaterOnes) {
  answer_ = "y\n";
  Hosts({.push = "[ $host != c ] || { echo 'SLIPWAY1 REFUSED no room'; exit 1; }"});
  const std::vector<std::string> words = {"--wave", "1,3", "--pause", "0", "a,b,c,d"};
  const Result result = Waves(words);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(Log(), testing::EndsWith(";switch a;status a;"));
  EXPECT_THAT(result.err, HasSubstr("Push and activate on a? [y/N] "));
  EXPECT_THAT(result.out, HasSubstr("1 of 4 hosts done, 1 failed: c, 2 not begun: b, d; "));
  std::vector<std::string> going_on = words;
  going_on.insert(going_on.begin(), "--go-on");
  EXPECT_THAT(Waves(going_on).err, HasSubstr("Push and activate in 3 waves: a; b; d? [y/N] "));
  EXPECT_THAT(Log(), testing::EndsWith(";switch b;status b;switch d;"));
}

TEST_F(WavesTest, AnInterruptInThePauseSaysHowToGoOn) {
  const std::string out = directory_.path() + "/out";
  const base::ProcessResult result = base::Run(
      {"sh", "-c",
       "env --default-signal=INT \"$@\" >" + out +
           " & i=0; until grep -qs '^a: generation 1 runs' " + out +
           "; do sleep 0.05; i=$((i+1)); [ $i -lt 600 ] || break; done; kill -INT $!; wait $!",
       "sh", TEST_IMGPUSH, "--images", images(), "--agent-dir", bin(), "--activate", "--yes",
       "--canary", "1", "--pause", "10m", "a,b,c"});
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_EQ(Log(), "push a;switch a;");
  EXPECT_EQ(result.err, "imgpush: to go on with the others: imgpush --images " + images() +
                            " --agent-dir " + bin() +
                            " --activate --yes --canary 1 --pause 10m b,c\n");
  EXPECT_THAT(base::ReadFile(out), HasSubstr("1 of 3 hosts done, 2 not begun: b, c; "));
}

TEST_F(WavesTest, ThatNoHostIsTriedFirstIsSaid) {
  EXPECT_THAT(Waves({"--canary", "3", "a,b"}).err,
              HasSubstr("all 2 hosts are in the first wave, so none is tried before the others"));
  EXPECT_THAT(Waves({"--wave", "100%", "a,b"}).err, HasSubstr("all 2 hosts are"));
  EXPECT_THAT(Waves({"--canary", "2", "a"}).err, HasSubstr("the only host is in the first wave"));
  EXPECT_THAT(Waves({"--canary", "1", "a"}).err, Not(HasSubstr("first wave")));
}

TEST_F(WavesTest, WithoutWavesAFailureCanStopWhatFollows) {
  Hosts({.activation = "[ $host != a ] || exit 3"});
  const Result result = Waves({"--stop-on-failure", "--jobs", "1", "a,b"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(Log(), "push a;push b;switch a;");
  EXPECT_THAT(result.err, HasSubstr("b: pushed, and not activated, because another host failed"));
}

TEST_F(WavesTest, APushAloneStopsToo) {
  Hosts({.push = "[ $host != a ] || { echo 'SLIPWAY1 REFUSED no room'; exit 1; }"});
  const std::vector<std::string> words = {"--agent-dir", bin(), "--jobs", "1", "a,b,c"};
  std::vector<std::string> stopping = words;
  stopping.insert(stopping.begin(), "--stop-on-failure");
  const Result result = Run(stopping);
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(Log(), "push a;");
  EXPECT_THAT(result.out, HasSubstr("0 of 3 hosts done, 1 failed: a, 2 not begun: b, c; "));
  EXPECT_THAT(result.err,
              HasSubstr(" --stop-on-failure --agent-dir " + bin() + " --jobs 1 a,b,c\n"));
  EXPECT_EQ(Run(words).code, 1);
  EXPECT_EQ(Log(), "push a;push a;push b;push c;");
}

TEST_F(WavesTest, UsageErrorsComeBeforeAnything) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--wave", "2,x"},
                                                {"--wave", "3,1"},
                                                {"--wave", ""},
                                                {"--wave="},
                                                {"--canary", "0"},
                                                {"--canary", "1", "--wave", "1"},
                                                {"--canary", "1", "--go-on", "--stop-on-failure"},
                                                {"--pause", "5"}}) {
    std::vector<std::string> arguments = wrong;
    arguments.push_back("a,b,c");
    EXPECT_EQ(Waves(arguments).code, 2) << wrong.back();
  }
  EXPECT_THAT(Waves({"--pause", "5", "a"}).err, HasSubstr("add --wave or --canary"));
  EXPECT_THAT(Waves({"--wave", "", "a"}).err, HasSubstr("--wave: is empty: say how many"));
  EXPECT_EQ(Run({"--wave", "1", "a,b"}).code, 2);
  EXPECT_EQ(Log(), "");
}

}  // namespace
}  // namespace pusher
