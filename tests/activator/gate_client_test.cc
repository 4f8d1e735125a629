// `activate --host --gate` with an ssh that is a script: what it asks, and what it makes of
// answers.
#include "activator/gate_client.h"

#include <gmock/gmock.h>

#include <csignal>

#include "tests/activator/remote_fixture.h"

namespace activator {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class GateClientTest : public RemoteFixture {
 protected:
  GateClientTest() { std::signal(SIGPIPE, SIG_IGN); }
  // The login answers so, and keeps what it was asked.
  void Login(const std::string& answer) const {
    Script("ssh", "for command; do :; done\nprintf '%s\\n' \"$command\" >>" + At("asked") +
                      "\necho a banner\n" + answer);
  }
  int Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--host", "web1", "--gate", "--ssh", At("ssh")});
    return RunHere(arguments);
  }
  std::string Asked() const { return Get("asked"); }
};

TEST_F(GateClientTest, AReportIsAskedForAndShownAsItIs) {
  Login(
      "echo; echo SLIPWAY1 ALIVE; echo; echo SLIPWAY1 STATUS 4; echo; echo SLIPWAY1 STARTED\n"
      "echo '{\"a\": 1}'; exit 4\n");
  EXPECT_EQ(Run({"status", "--json", "--check"}), 4);
  EXPECT_EQ(Asked(), "slipway-gate 8 report [\"status\",\"--check\",\"--json\"]\n");
  EXPECT_EQ(out_, "{\"a\": 1}\n");
}

TEST_F(GateClientTest, ASwitchIsFollowedUnderOneId) {
  Login("[ \"$(wc -l <" + At("asked") +
        ")\" = 2 ] || { echo SLIPWAY1 STARTED; exit 255; }\n"
        "echo; echo SLIPWAY1 STARTED; echo SLIPWAY1 ALIVE; echo 'activate: generation 7 is active "
        "and healthy'\necho; echo SLIPWAY1 ENDED 0 7\n");
  EXPECT_EQ(Run({"--generation", "7", "--lock-wait", "60"}), 0) << error_;
  EXPECT_THAT(err_, HasSubstr("activate: generation 7 is active and healthy\n"));
  EXPECT_THAT(err_, Not(HasSubstr("SLIPWAY1")));
  EXPECT_THAT(Asked(), MatchesRegex("(slipway-gate 8 activate 7 [0-9a-f]* 60\n)+"));
  const std::string first = Asked().substr(0, Asked().find('\n') + 1);
  EXPECT_EQ(Asked(), first + first);
}

TEST_F(GateClientTest, WhyASwitchFailedIsSaid) {
  Login(
      "echo; echo SLIPWAY1 STARTED; echo 'SLIPWAY1 FAILED {\"summary\":\"web is down\",\"detail\":"
      "[\"its log\"]}'; echo; echo SLIPWAY1 ENDED 3 6; exit 3\n");
  EXPECT_EQ(Run({"--rollback", "web"}), 3);
  EXPECT_THAT(Asked(), MatchesRegex("slipway-gate 8 rollback web [0-9a-f]*\n"));
  EXPECT_THAT(err_, HasSubstr("activate: error: web is down\n  its log\n"));
}

TEST_F(GateClientTest, WhatIsRefusedIsSaid) {
  Login("echo; echo 'SLIPWAY1 REFUSED gate.json does not grant report to alice'; exit 6\n");
  EXPECT_EQ(Run({"list"}), 6);
  EXPECT_EQ(error_, "web1: gate.json does not grant report to alice");
  EXPECT_EQ(RunHere({"list", "--host", "web1", "--ssh", At("ssh")}), 2) << "said without --gate";
  Login("echo 'bash: slipway-gate: command not found' >&2; exit 127\n");
  EXPECT_EQ(Run({"list"}), 7);
}

TEST_F(GateClientTest, WhatNoGateTakesIsNotAsked) {
  Login("");
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--latest"},
                                             {"--rollback"},
                                             {"--set", "web=0123456789abcdef"},
                                             {"--generation", "7", "--adopt"},
                                             {"--generation", "7", "--timeout", "5"},
                                             {"--generation", "7", "--dry-run"},
                                             {"--generation", "7", "--json"},
                                             {"status", "--root", "/srv"},
                                             {"prune"},
                                             {"logs", "web"},
                                             {"history"},
                                             {"remove", "web"}}) {
    EXPECT_EQ(Run(arguments), 2) << arguments.front();
    EXPECT_THAT(error_, HasSubstr("a gate takes status, list, --generation N and --rollback NAME"));
  }
  EXPECT_FALSE(base::Exists(At("asked")));
}

}  // namespace
}  // namespace activator
