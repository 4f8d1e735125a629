// Pushes by a gate: signed as any other, and for the operator's applications within their limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "activator/gate/gate.h"
#include "pusher/protocol/protocol.h"
#include "tests/activator/receive/signed_fixture.h"
#include "tests/support/errors.h"

namespace activator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class GatePushTest : public SignedPushTest {
 protected:
  GatePushTest() {
    Trust({"alice"});
    operator_.name = "alice";
    operator_.applications = {"app"};
    operator_.may = {Verb::kPush};
    operator_.limits.users = {"dynamic"};
    operator_.limits.hardening = {"strict"};
    operator_.limits.max_bytes = kChunks * kChunkBytes;
    options_.gate = operator_;
    options_.by = "alice (gate)";
  }

  pusher::Hello Greeting() {
    pusher::Hello out;
    WithAgent([&](int fd) {
      pusher::Stream stream(fd, fd, {});
      pusher::Wire wire(stream);
      out = pusher::ReceiveHello(wire);
    });
    return out;
  }
  std::string BuildSigned(const std::string& version, const std::string& name = "app") {
    std::string out = Build(version, name);
    Sign(out);
    return out;
  }

  GateOperator operator_;
};

TEST_F(GatePushTest, TheirApplicationWithinTheLimitsIsTaken) {
  const std::string built = BuildSigned("1");
  EXPECT_EQ(Push({built}).error, "");
  ExpectSame(built);
}

TEST_F(GatePushTest, AnythingElseOfAReleaseCountsAsItDoesForRoot) {
  ExpectRefused(Build("1"), "is not signed");
}

TEST_F(GatePushTest, AnotherApplicationIsRefusedBeforeItIsSent) {
  const std::string built = BuildSigned("1", "other");
  const Outcome push = Push({built});
  EXPECT_THAT(push.error, HasSubstr("gate.json does not grant application other to alice"));
  EXPECT_FALSE(base::Exists(There(built)));
  EXPECT_TRUE(base::ListDirectory(layout().Incoming()).empty());
  EXPECT_LT(push.sent_bytes, kChunkBytes);
  EXPECT_THAT(Push({BuildSigned("1"), built}).error, HasSubstr("does not grant application other"));
  EXPECT_FALSE(base::Exists(layout().Application("app"))) << "half of a push was published";
}

TEST_F(GatePushTest, BeyondTheLimitsIsRefusedBeforeItIsSent) {
  options_.gate->limits.max_bytes -= 1;
  const std::string built = BuildSigned("1");
  const Outcome push = Push({built});
  EXPECT_THAT(push.error, HasSubstr("app is beyond what gate.json grants alice"));
  EXPECT_FALSE(base::Exists(There(built)));
  EXPECT_TRUE(base::ListDirectory(layout().Incoming()).empty());
  EXPECT_LT(push.sent_bytes, kChunkBytes);
}

TEST_F(GatePushTest, APlanIsRefusedAsThePushWouldBe) {
  const std::string other = BuildSigned("1", "other");
  EXPECT_THAT(tests::ErrorOf([&] { Plan(other); }).what(), HasSubstr("application other"));
  options_.gate->may = {};
  EXPECT_THAT(tests::ErrorOf([&] { Plan(BuildSigned("1")); }).what(),
              HasSubstr("does not grant push"));
}

// Limits may be narrower than they were when it came, and root may have pushed it.
TEST_F(GatePushTest, WhatIsHeldMustBeWithinTheLimitsToo) {
  const std::string built = BuildSigned("1");
  EXPECT_EQ(Push({built}).error, "");
  options_.gate->limits.max_bytes = 1;
  EXPECT_THAT(Push({built}).error, HasSubstr("is beyond what gate.json grants alice"));
  EXPECT_THAT(tests::ErrorOf([&] { Plan(built); }).what(), HasSubstr("is beyond what gate.json"));
}

TEST_F(GatePushTest, OtherApplicationsAreNotSeen) {
  options_.gate.reset();
  EXPECT_EQ(Push({BuildSigned("1", "other"), BuildSigned("1")}).error, "");
  EXPECT_EQ(Greeting().held.size(), 2U);
  options_.gate = operator_;
  const pusher::Hello hello = Greeting();
  ASSERT_EQ(hello.held.size(), 1U);
  EXPECT_EQ(hello.held.front().name, "app");
  // The same chunks, and none of them is found in the other.
  options_.gate->applications = {"new"};
  const Outcome push = Push({BuildSigned("1", "new")});
  EXPECT_EQ(push.error, "");
  EXPECT_EQ(push.images.front().chunks_sent, kChunks);
}

}  // namespace
}  // namespace activator
