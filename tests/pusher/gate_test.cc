// imgpush where the login is a gate: what it asks, and what it makes of answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/atomic_file.h"
#include "pusher/protocol/gate_words.h"
#include "pusher/ssh/remote.h"
#include "pusher/ssh/remote_activation.h"
#include "pusher/ssh/remote_status.h"
#include "pusher/targets.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace pusher {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class PushByGateTest : public tests::ScratchTest {
 protected:
  PushByGateTest() {
    std::signal(SIGPIPE, SIG_IGN);
    options_.ssh = At("ssh");
    options_.host.root = "/var/lib/images";
    target_.name = target_.destination = "web1";
    target_.gate = true;
  }
  void Login(const std::string& answer) const {
    base::WriteFileAtomically(At("ssh"),
                              "#!/bin/sh\nfor command; do :; done\nprintf '%s\\n' \"$command\" >>" +
                                  At("asked") + "\necho a banner\n" + answer + "\n",
                              0755);
  }
  std::string Asked() const { return Get("asked"); }

  Destination target_;
  RemoteOptions options_;
  const Agents agents_ = {AgentBinary()};
};

TEST_F(PushByGateTest, NoProgramAndNoAgentIsSent) {
  Login("echo; echo SLIPWAY1 GATE 8; cat >" + At("sent"));
  {
    Remote remote(target_, options_, agents_);
    EXPECT_EQ(remote.agent_bytes(), 0U);
    remote.Close();
  }
  EXPECT_EQ(Asked(), "slipway-gate 8 receive\n");
  EXPECT_EQ(Get("sent"), "");
}

TEST_F(PushByGateTest, WhatIsRefusedIsToldWithItsCode) {
  Login("echo; echo SLIPWAY1 REFUSED gate.json does not grant push to alice; exit 6");
  const base::Error refused = tests::ErrorOf([&] { Remote(target_, options_, agents_); });
  EXPECT_EQ(refused.code(), base::ExitCode::kVerification);
  EXPECT_STREQ(refused.what(), "web1: gate.json does not grant push to alice");
  Login("echo 'bash: line 1: slipway-gate: command not found' >&2; exit 127");
  EXPECT_THAT(tests::MessageOf([&] { Remote(target_, options_, agents_); }),
              HasSubstr("this login is no gate: leave out --gate"));
  target_.gate = false;
  Login("echo; echo SLIPWAY1 REFUSED " + std::string(kIsGate) + ": say so with --gate; exit 2");
  const base::Error untold = tests::ErrorOf([&] { Remote(target_, options_, agents_); });
  EXPECT_EQ(untold.code(), base::ExitCode::kFailed);
  EXPECT_THAT(untold.what(), HasSubstr("say so with --gate"));
}

TEST_F(PushByGateTest, AnActivationIsAskedForByItself) {
  Login("echo; echo SLIPWAY1 STARTED; echo activate: on its way; echo; echo SLIPWAY1 ENDED 0 7");
  std::string said;
  const RemoteActivation request{7, 60, std::nullopt, std::chrono::seconds(60),
                                 [&](const std::string& line) { said += line + "\n"; }};
  const RemoteActivationResult result =
      ActivateOn(target_, options_, agents_.front(), request, nullptr);
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.running, 7U);
  EXPECT_EQ(said, "activate: on its way\n");
  EXPECT_THAT(Asked(), MatchesRegex("slipway-gate 8 activate 7 [0-9a-f]* 60\n"));
}

TEST_F(PushByGateTest, WhetherItIsHealthyIsAReport) {
  Login(
      "echo; echo SLIPWAY1 ALIVE; echo; echo SLIPWAY1 STATUS 4; echo; echo SLIPWAY1 STARTED\n"
      "echo '{\"active\": 7, \"down\": [\"web.service is failed\"],'; echo '\"switch\": null}'");
  const HostHealth health = AskHealth(target_, options_, agents_.front(), 7);
  EXPECT_EQ(health.running, 7U);
  ASSERT_TRUE(health.error);
  EXPECT_THAT(health.error->detail(), testing::ElementsAre("web.service is failed"));
  EXPECT_EQ(Asked(), "slipway-gate 8 report [\"status\",\"--check\",\"--json\"]\n");
}

TEST(GateTargetsTest, WhatIsForRootsLoginIsRefusedBeforeAnythingIsAsked) {
  const auto why = [](const std::vector<std::string>& options) {
    std::vector<std::string> words = {"--gate", "root@web1", "--yes", "--activate"};
    words.insert(words.end(), options.begin(), options.end());
    Arguments arguments = ParseArguments(words, base::Io{}).value();
    const base::Error error = tests::ErrorOf([&] { ChooseHosts(arguments); });
    EXPECT_EQ(error.code(), base::ExitCode::kUsage);
    return std::string(error.what());
  };
  EXPECT_THAT(why({"--root", "/srv"}), HasSubstr("--root is for root's own login"));
  EXPECT_THAT(why({"--agent-dir", "/srv"}), HasSubstr("--agent-dir is for root's own login"));
  EXPECT_THAT(why({"--older"}), HasSubstr("--older is for root's own login"));
  EXPECT_THAT(why({"--host-jobs", "1"}), HasSubstr("--host-jobs is for root's own login"));
}

}  // namespace
}  // namespace pusher
