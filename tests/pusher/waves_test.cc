// imgpush --wave and --canary: which hosts have a part in which wave, and what ends it.
#include "pusher/waves.h"

#include <gmock/gmock.h>

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
    Hosts("exit 0", "");
  }
  // Hosts that note what is asked of them. `action` is of an activation and ends with its exit
  // code; `status` comes before a status is answered with $code.
  void Hosts(const std::string& action, const std::string& status) {
    UseSsh(
        "for host; do [ \"$host\" != \"$command\" ] || break; last=$host; done; host=$last\n"
        "log=" +
        directory_.path() +
        "/log\n"
        "case $command in\n"
        "*receive*) echo push $host >>$log; echo 'SLIPWAY1 HAVE'\n"
        "  \"$SLIPWAY_AGENT\" receive --root " +
        folder() +
        "-$host --by me || exit\n"
        "  read -r request || exit 0\n"
        "  echo switch $host >>$log; echo 'SLIPWAY1 STARTED'\n"
        "  (" +
        action +
        "); echo \"SLIPWAY1 ENDED $? 1\" ;;\n"
        "*STATUS*) echo status $host >>$log; code=0; " +
        status +
        "\n"
        "  echo \"SLIPWAY1 STATUS $code\" ;;\n"
        "esac");
  }
  Result Waves(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--activate", "--yes", "--retries", "0"});
    return Run(arguments);
  }
  std::string Log() const {
    std::string log = base::ReadFileIfThere(directory_.path() + "/log").value_or("");
    std::replace(log.begin(), log.end(), '\n', ';');
    return log;
  }
};

TEST_F(WavesTest, EachIsActivatedBeforeTheNextIsBegun) {
  const Result result = Waves({"--wave", "1,50%", "--pause", "0", "--jobs", "1", "a,b,c,d"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Log(), "push a;switch a;push b;switch b;push c;push d;switch c;switch d;");
  EXPECT_THAT(result.out, HasSubstr("4 of 4 hosts done; "));
}

TEST_F(WavesTest, AFailureLeavesTheRestAsItIsAndSaysHowToGoOn) {
  Hosts("[ $host != b ] || exit 3", "");
  const Result result = Waves({"--wave", "1,2", "--pause", "0", "a,b,c,d"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(Log(), "push a;switch a;push b;switch b;");
  EXPECT_THAT(result.out, HasSubstr("1 of 4 hosts done, 1 failed: b, 2 not begun: c, d; "));
  EXPECT_THAT(result.err, HasSubstr("once that is mended: imgpush "));
  EXPECT_THAT(result.err, HasSubstr(" --wave 1,2 --pause 0 c,d\n"));
}

TEST_F(WavesTest, TheyGoOnWhereTheyAreToldTo) {
  Hosts("[ $host != a ] || exit 3", "");
  const Result result = Waves({"--canary", "1", "--go-on", "--pause", "0", "a,b"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(Log(), "push a;switch a;push b;switch b;");
}

TEST_F(WavesTest, ACanaryThatIsDownAfterThePauseStopsTheRest) {
  Hosts("exit 0", "code=4");
  const Result result = Waves({"--canary", "1", "--pause", "1", "a,b,c"});
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(Log(), "push a;switch a;status a;");
  EXPECT_THAT(result.err, HasSubstr("a: after the pause, a service there is down"));
  EXPECT_THAT(result.out, HasSubstr("0 of 3 hosts done, 1 failed: a, 2 not begun: b, c; "));
}

TEST_F(WavesTest, ACanaryThatStaysUpIsFollowedByTheOthers) {
  const Result result = Waves({"--canary", "1", "--pause", "1", "--jobs", "1", "a,b"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(Log(), "push a;switch a;status a;push b;switch b;");
}

TEST_F(WavesTest, WithoutWavesAFailureCanStopTheActivationsThatFollow) {
  Hosts("[ $host != a ] || exit 3", "");
  const Result result = Waves({"--stop-on-failure", "--jobs", "1", "a,b"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(Log(), "push a;push b;switch a;");
  EXPECT_THAT(result.err, HasSubstr("b: pushed, and not activated, because another host failed"));
}

TEST_F(WavesTest, UsageErrorsComeBeforeAnything) {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--wave", "2,x"},
                                                {"--wave", "3,1"},
                                                {"--canary", "0"},
                                                {"--canary", "1", "--wave", "1"}}) {
    std::vector<std::string> arguments = wrong;
    arguments.push_back("a,b,c");
    EXPECT_EQ(Waves(arguments).code, 2) << wrong.back();
  }
  EXPECT_EQ(Run({"--wave", "1", "a,b"}).code, 2);
  EXPECT_EQ(Log(), "");
}

}  // namespace
}  // namespace pusher
