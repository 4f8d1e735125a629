// --confirm-within on real hosts: one that cannot be reached any more goes back by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/applications.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class ConfirmTest : public testing::TestWithParam<const char*> {
 protected:
  std::string App(const std::string& text) {
    return applications_.Build("app", {{"exec", {"/bin/actor", "serve", "8080", "0", text}}});
  }
  RunResult PushConfirmed(const std::string& image) {
    return Imgpush(host_.SshConfig(),
                   {"--activate", "--yes", "--confirm-within", "10s", host_.Name(), image});
  }
  // On the host, by somebody who does not confirm it; returns when it waits.
  void BeginByHand(uint64_t generation) {
    host_.MustRun(
        "systemd-run --quiet --unit=operator sh -c '/var/lib/images/bin/activate "
        "--confirm-within 10m --generation " +
        std::to_string(generation) +
        "'; for i in $(seq 600); do grep -qs unconfirmed /var/lib/images/switch.json && "
        "exit; sleep 0.1; done; exit 1");
  }
  void ExpectServes(const std::string& text, const std::string& generation) {
    EXPECT_EQ(host_.Get("http://127.0.0.1:8080/").body, text);
    EXPECT_EQ(Current(host_), "generations/" + generation + "\n");
    EXPECT_EQ(host_.Run("cd /var/lib/images && test -e switch.json -o -e confirmed.json").exit_code,
              1);
  }

  Applications applications_;
  TestHost host_{"far", {.suite = GetParam(), .disk = ""}};
};

TEST_P(ConfirmTest, OneThatIsReachedStaysAndOneThatIsNotGoesBack) {
  const RunResult first = PushConfirmed(App("one"));
  EXPECT_EQ(first.exit_code, 0) << first.out << first.err;
  EXPECT_THAT(first.err, AllOf(HasSubstr("far: healthy; confirming over a new connection\n"),
                               HasSubstr("generation 1 is active")));
  ExpectServes("one", "1");

  const RunResult cut = PushConfirmed(applications_.Build(
      "app", {{"exec", {"/bin/actor", "cut-off", "lo"}},
              {"hardening", "none"},
              {"directives", {{"Service", {{"AmbientCapabilities", "CAP_NET_ADMIN"}}}}}}));
  EXPECT_EQ(cut.exit_code, 3) << cut.out << cut.err;
  EXPECT_THAT(cut.err, HasSubstr("nobody confirmed within 10 s, over a new connection, that the "
                                 "host can be reached\n  generation 1 runs again\n"));
  ExpectServes("one", "1");

  MustPushTo(host_, {App("two")});
  const RunResult second =
      RunCommand({SLIPWAY_BIN "/activate", "--host", host_.Name(), "--ssh",
                  "ssh -F " + host_.SshConfig(), "--latest", "--confirm-within", "10"});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("far: healthy; confirming over a new connection\n"));
  ExpectServes("two", "3");
}

TEST_P(ConfirmTest, ByHandAndCutOffWhileItWaits) {
  ASSERT_EQ(PushConfirmed(App("one")).exit_code, 0);
  EXPECT_THAT(Activate(host_, "confirm").err, HasSubstr("no switch waits to be confirmed"));

  const uint64_t second = MustPushTo(host_, {App("two")}).generation;
  BeginByHand(second);
  EXPECT_THAT(Activate(host_, "status").out,
              AllOf(HasSubstr("It waits until "), HasSubstr("activate confirm")));
  EXPECT_EQ(Activate(host_, "confirm 0123456789abcdef").exit_code, 1);
  const RunResult confirmed = Activate(host_, "confirm");
  EXPECT_EQ(confirmed.exit_code, 0) << confirmed.err;
  EXPECT_THAT(confirmed.err, HasSubstr("generation 2 is active"));
  ExpectServes("two", "2");

  const uint64_t third = MustPushTo(host_, {App("three")}).generation;
  BeginByHand(third);
  host_.MustRun("systemctl kill --signal=KILL 'slipway-activate-*' && sleep 1");
  const RunResult killed = Activate(host_, "confirm");
  EXPECT_EQ(killed.exit_code, 4) << killed.err;
  EXPECT_THAT(killed.err, HasSubstr("was cut off while it waited"));
  EXPECT_EQ(Activate(host_, "--generation 2").exit_code, 0);
  ExpectServes("two", "2");

  host_.MustRun("systemctl reset-failed operator 2>/dev/null; true");
  BeginByHand(third);
  host_.Crash();
  host_.Start();
  EXPECT_EQ(Page(host_, "http://127.0.0.1:8080/"), "two");
  ExpectServes("two", "2");
}

const auto kSystemds = testing::Values("bookworm", "trixie", "forky");  // 252, 257, 262
INSTANTIATE_TEST_SUITE_P(Systemd, ConfirmTest, kSystemds);

}  // namespace
}  // namespace tests
