// A real host that is enrolled over ssh and pulls from a folder, as from a stick.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/signed_scene.h"

namespace tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class EnrolledHostTest : public SignedScene {
 protected:
  // As version after version of the channel web, and onto the host.
  void Publish(const TestHost& host, const std::string& image) const {
    Sign(image, "alice");
    MustRun({SLIPWAY_BIN "/imgpush", "publish", "--key", At("alice"), At("store"), "web", image});
    host.MustRun("rm -rf /srv/store");
    host.Copy(At("store"), "/srv/store");
  }
  RunResult Channel(const TestHost& host, std::vector<std::string> words) const {
    words.insert(words.begin(), "channel");
    return Imgpush(host.SshConfig(), words);
  }
  // What hello has in its environment.
  static std::string Value(const TestHost& host) {
    return host.MustRun(
        "tr '\\0' '\\n' </proc/$(systemctl show -P MainPID hello)/environ | "
        "grep ^X=");
  }
};

TEST_F(EnrolledHostTest, RunsWhatIsPublishedUntilItIsEnrolledNoMore) {
  const TestHost host("pulls");
  const std::string first = BuildHello("1");
  const std::string second = BuildHello("2");
  Publish(host, first);
  const std::vector<std::string> enroll = {"enroll",     "--every", "daily",    "--no-poll",
                                           "/srv/store", "web",     host.Name()};
  const RunResult nobody = Channel(host, enroll);
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_THAT(nobody.err, HasSubstr("add --trust DIR"));
  std::vector<std::string> trusting = enroll;
  trusting.insert(trusting.begin() + 1, {"--trust", At("trust"), "--yes"});
  const RunResult enrolled = Channel(host, trusting);
  ASSERT_EQ(enrolled.exit_code, 0) << enrolled.err;
  EXPECT_THAT(enrolled.out, HasSubstr("pulls: pulls web\n"));
  EXPECT_EQ(host.MustRun("systemctl is-active slipway-pull.timer"), "active\n");
  EXPECT_EQ(Channel(host, enroll).exit_code, 0);

  const RunResult poked = Channel(host, {"poke", host.Name()});
  EXPECT_EQ(poked.exit_code, 0) << poked.out << poked.err;
  EXPECT_THAT(poked.out, HasSubstr("Channel web: version 1 active"));
  EXPECT_EQ(Value(host), "X=1\n");

  Publish(host, second);
  const RunResult refused = PushTo(host, {second}).result;
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("channel web"), HasSubstr("--override")));
  EXPECT_EQ(Channel(host, {"poke", host.Name()}).exit_code, 0);
  EXPECT_EQ(Value(host), "X=2\n");

  const RunResult overridden = Imgpush(
      host.SshConfig(), {"--override", "--older", "--activate", "--yes", host.Name(), first});
  EXPECT_EQ(overridden.exit_code, 0) << overridden.err;
  EXPECT_THAT(overridden.out + overridden.err, HasSubstr("hello is kept for 24 hours"));
  const RunResult left = Channel(host, {"poke", host.Name()});
  EXPECT_EQ(left.exit_code, 0) << left.out;
  EXPECT_THAT(left.out, HasSubstr("override"));
  EXPECT_EQ(Value(host), "X=1\n");

  EXPECT_EQ(Channel(host, {"enroll", "--remove", host.Name()}).exit_code, 0);
  EXPECT_NE(host.Run("systemctl is-active slipway-pull.timer").exit_code, 0);
  EXPECT_EQ(Value(host), "X=1\n");
  const RunResult none = Channel(host, {"poke", host.Name()});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err, HasSubstr("it is not enrolled"));
}

}  // namespace
}  // namespace tests
