// imgpush --plan, and the plan before the question of --activate.
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

#include "tests/pusher/imgpush_scene.h"

namespace pusher {
namespace {

using testing::HasSubstr;
using testing::Not;

class PlanTest : public ImgpushTest {
 protected:
  nlohmann::json PlanOf(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--plan", "--json"});
    const Result result = Run(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return OnlyHost(result).at("plan");
  }
  uint64_t SentBy(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "--json");
    const Result result = Run(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return OnlyHost(result).at("sent_bytes");
  }
};

TEST_F(PlanTest, SaysExactlyWhatThePushThenSends) {
  Build("app", 20, 0, "1");
  for (const bool there : {false, true}) {
    const uint64_t planned = PlanOf({host()}).at("send_bytes");
    EXPECT_EQ(planned, SentBy({host()})) << there;
  }
  Build("app", 20, 3, "2");
  Build("other", 9, 4, "1");
  const nlohmann::json plan = PlanOf({host()});
  EXPECT_EQ(plan.at("images").at(1).at("chunks").at("missing"), 4);
  EXPECT_EQ(plan.at("send_bytes"), SentBy({host()}));
}

TEST_F(PlanTest, CountsDeltasToo) {
  BuildEdited("1", 0);
  SentBy({host()});
  BuildEdited("2", 20);
  const nlohmann::json plan = PlanOf({"--deltas", host()});
  EXPECT_EQ(plan.at("images").at(0).at("chunks").at("as_delta"), 20);
  EXPECT_LT(plan.at("send_bytes"), 20'000);
  EXPECT_EQ(plan.at("send_bytes"), SentBy({"--deltas", host()}));
}

TEST_F(PlanTest, ChangesNothingThere) {
  BuildEdited("1", 0);
  SentBy({host()});
  BuildEdited("2", 5);
  const std::vector<std::string> before = base::ListDirectory(folder() + "/app");
  PlanOf({host()});
  EXPECT_EQ(base::ListDirectory(folder() + "/app"), before);
  EXPECT_TRUE(base::ListDirectory(folder() + "/incoming").empty());
}

TEST_F(PlanTest, WhatAnInterruptedPushLeftIsNotCountedAgain) {
  Build("app", 30, 0, "1");
  ::setenv("SLIPWAY_TEST_CUT_AT", "600000", 1);
  EXPECT_EQ(Run({host()}).code, 7);
  ::unsetenv("SLIPWAY_TEST_CUT_AT");
  const nlohmann::json plan = PlanOf({host()});
  EXPECT_LT(plan.at("images").at(0).at("chunks").at("missing"), 20);
  EXPECT_EQ(plan.at("needed_bytes"), 0);  // the room is taken already
  EXPECT_EQ(plan.at("send_bytes"), SentBy({host()}));
}

TEST_F(PlanTest, OneOfSeveralHostsIsSentWhatItsPlanSays) {
  BuildEdited("1", 0);
  const std::string both = host() + "," + host() + "2";
  Run({both});
  BuildEdited("2", 20);
  const auto plans = nlohmann::json::parse(Run({"--plan", "--json", "--deltas", both}).out);
  const auto pushes = nlohmann::json::parse(Run({"--json", "--deltas", both}).out);
  for (const size_t i : {0U, 1U}) {
    EXPECT_EQ(plans.at(i).at("plan").at("send_bytes"), pushes.at(i).at("sent_bytes"));
  }
}

TEST_F(PlanTest, ASenderWithoutTheOldVersionSaysThatItSendsChunks) {
  const std::string old = BuildEdited("1", 0);
  SentBy({host()});
  BuildEdited("2", 5);
  base::RemoveTree(old);
  const Result result = Run({"--plan", "--deltas", host()});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("none of the versions of app that the host has is"));
  EXPECT_THAT(Run({"--plan", "--no-deltas", host()}).out, HasSubstr("as chunks: deltas are off"));
}

TEST_F(PlanTest, ItStandsBeforeTheQuestionAndThePushSendsThat) {
  Build("app", 5, 0, "1");
  answer_ = "y\n";
  const Result result = Run({"--json", "--activate", host()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("5 of 5 chunks are missing"));
  EXPECT_THAT(result.err,
              HasSubstr("activating it switches its `current`; nothing runs from a folder\n"));
  const nlohmann::json report = OnlyHost(result);
  EXPECT_EQ(report.at("plan").at("send_bytes"), report.at("sent_bytes"));
  EXPECT_EQ(report.at("running"), 1);
}

TEST_F(PlanTest, TheSameConnectionPlansPushesAndActivates) {
  Build("app", 5, 0, "1");
  UseSsh("echo x >>" + folder() +
         "-connections; echo 'SLIPWAY1 HAVE'; \"$SLIPWAY_AGENT\" receive --root " + folder() +
         " --by me || exit; read -r generation id || exit 0; echo 'SLIPWAY1 STARTED'; echo; echo "
         "\"SLIPWAY1 ENDED 0 $generation\"");
  answer_ = "y\n";
  const Result result = Run({"--activate", "web1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("web1: generation 1 runs"));
  EXPECT_EQ(base::ReadFile(folder() + "-connections"), "x\n");
}

// As a host does that waited for its turn for more than an hour.
TEST_F(PlanTest, AConnectionThatIsGoneAtItsTurnIsMadeAgain) {
  const std::string built = Build("app", 5, 0, "1");
  const std::string pid_file = directory_.path() + "/pid";
  UseSsh(
      "echo x >>" + folder() + "-connections; echo 'SLIPWAY1 HAVE'; exec 3<&0; " +
      "\"$SLIPWAY_AGENT\" receive --root " + folder() + " --by me <&3 & echo $! >" + pid_file +
      "; wait $! || exit; read -r generation id || exit 0; echo 'SLIPWAY1 STARTED'; echo; echo " +
      "\"SLIPWAY1 ENDED 0 $generation\"");
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  asked_.Reset(ends[0]);
  base::UniqueFd answers(ends[1]);
  std::thread user([&] {
    const std::string err = directory_.path() + "/err";
    while (base::ReadFileIfThere(err).value_or("").find("[y/N]") == std::string::npos) {
      ::usleep(10'000);
    }
    ::kill(static_cast<pid_t>(std::stol(base::ReadFile(pid_file))), SIGKILL);
    base::WriteAll(answers.get(), base::AsBytes("y\n"), "the question");
  });
  const Result result = Run({"--activate", "web1"});
  user.join();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("web1: generation 1 runs"));
  EXPECT_EQ(base::ReadFile(folder() + "-connections"), "x\nx\n");
  EXPECT_EQ(base::ReadFile(folder() + "/app/" + base::BaseName(built) + "/image.erofs"),
            base::ReadFile(built + "/image.erofs"));
}

TEST_F(PlanTest, NoActivationWithAPlan) {
  EXPECT_EQ(Run({"--plan", "--activate", "--yes", host()}).code, 2);
}

}  // namespace
}  // namespace pusher
