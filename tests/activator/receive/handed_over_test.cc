// The second process of a push by a gate: what the first left behind may be anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "activator/receive/conversation.h"
#include "images/version/verity_tree.h"
#include "tests/activator/receive/sealing_sys.h"
#include "tests/activator/receive/signed_fixture.h"
#include "tests/support/errors.h"

namespace activator {
namespace {

using testing::HasSubstr;

class HandedOverTest : public SignedPushTest {
 protected:
  HandedOverTest() {
    Trust({"alice"});
    Sign(built_);
    GateOperator who;
    who.name = "alice";
    who.applications = {"app"};
    who.may = {Verb::kPush};
    who.limits.users = {"dynamic"};
    who.limits.hardening = {"strict"};
    who.limits.max_bytes = kChunks * kChunkBytes;
    options_.gate = who;
    SetGate();
    options_.plain_directory = true;
    Leave();
  }

  void SetGate(const std::string& applications = "\"app\"", uint64_t max_bytes = 1 << 30) const {
    base::WriteFileAtomically(
        GateFile(layout()),
        fmt::format(R"({{"format":1,"operators":{{"alice":{{"applications":[{}],"may":["push"],)"
                    R"("limits":"l"}}}},"limits":{{"l":{{"users":["dynamic"],)"
                    R"("hardening":["strict"],"max_bytes":{}}}}}}})",
                    applications, max_bytes));
  }
  void BuildWithVerity() {
    built_ = BuildVerity();
    Sign(built_);
    Leave();
  }
  const images::ImageDirectory Image() const { return images::ImageDirectory(built_); }
  std::string Left(const std::string& file) const {
    return LayoutOf(options_).Incoming(Image().id()) + "/" + file;
  }
  // What a process that is as it should be leaves.
  void Leave() const {
    base::RemoveTree(LayoutOf(options_).Incoming(Image().id()));
    base::MakeDirectories(LayoutOf(options_).Incoming(Image().id()));
    for (const char* file : {"image.erofs", "manifest.json", "image.caibx", "provenance.json"}) {
      if (const auto text = base::ReadFileIfThere(built_ + "/" + file)) {
        base::WriteFileAtomically(Left(file), *text);
      }
    }
  }
  HandedOver Version(bool held = false) const { return {"app", Image().stored().digest, "", held}; }
  // Empty: it was published.
  std::string WhyNot(const std::vector<HandedOver>& versions,
                     const std::function<void()>& meanwhile = nullptr) {
    Acceptance acceptance(layout(), OlderReleases::kRefused, base::SystemClock());
    acceptance.Check("app", Image().stored().digest, base::ReadFile(built_ + "/release"));
    tests::SocketPair pair;
    base::Io io;
    io.in = io.out = pair.b.get();
    const ReceiveSteps steps{nullptr, nullptr, stage_};
    if (meanwhile) {
      meanwhile();
    }
    try {
      RunConversation(io, [&](pusher::Wire& wire, pusher::KeepAlive& alive) {
        ReceiveSession(options_, steps, wire, alive)
            .PublishFor({{}, {}, VersionLocks(layout()), std::move(acceptance)}, versions);
      });
      return "";
    } catch (const base::Error& error) {
      EXPECT_FALSE(base::Exists(There(built_)));
      return error.what();
    }
  }
};

TEST_F(HandedOverTest, WhatIsWholeIsPublishedAndNothingElseWithIt) {
  base::WriteFileAtomically(Left("passwd"), "root::0:0::/:/bin/sh\n");
  base::WriteFileAtomically(Left("damaged"), "");
  base::MakeDirectories(Left("folder/in/it"));
  std::filesystem::create_symlink("/etc/passwd", Left("link"));
  EXPECT_EQ(WhyNot({Version()}), "");
  ExpectSame(built_);
  EXPECT_EQ(base::ListDirectory(There(built_)), base::ListDirectory(built_));
  EXPECT_THAT(AcceptedOf(built_).signers, testing::ElementsAre("alice@x"));
}

TEST_F(HandedOverTest, AnyByteThatDiffersIsRefused) {
  for (const char* file : {"image.erofs", "manifest.json", "image.caibx"}) {
    Leave();
    Change(Left(file), base::FileSize(Left(file)) / 2);
    EXPECT_NE(WhyNot({Version()}), "") << file;
    Leave();
    base::Unlink(Left(file));
    EXPECT_NE(WhyNot({Version()}), "") << file;
  }
  Leave();
  base::Unlink(Left("image.erofs"));
  std::filesystem::create_symlink(built_ + "/image.erofs", Left("image.erofs"));
  EXPECT_NE(WhyNot({Version()}), "") << "a link was followed";
  Leave();
  base::WriteFileAtomically(Left("provenance.json"), "{}");
  EXPECT_THAT(WhyNot({Version()}), HasSubstr("another provenance than was signed"));
  Leave();
  std::filesystem::resize_file(Left("image.erofs"), 4096);
  EXPECT_THAT(WhyNot({Version()}), HasSubstr("is not whole"));
  Leave();
  std::filesystem::create_hard_link(Left("image.erofs"), LayoutOf(options_).Incoming() + "/other");
  EXPECT_THAT(WhyNot({Version()}), HasSubstr("is not whole"));
  std::filesystem::remove(LayoutOf(options_).Incoming() + "/other");
  Leave();
  EXPECT_EQ(WhyNot({Version()}), "");
}

TEST_F(HandedOverTest, OnlyWhatWasCheckedAndIsGrantedCounts) {
  HandedOver other = Version();
  other.manifest_sha256 = base::Sha256Of("another");
  EXPECT_THAT(WhyNot({other}), HasSubstr("the release of app was not checked"));
  EXPECT_THAT(WhyNot({Version(), Version()}), HasSubstr("was not checked"));
  EXPECT_THAT(WhyNot({Version(true)}), HasSubstr("is damaged"));  // it says that it is held
  options_.gate->limits.max_bytes = 1;
  EXPECT_THAT(WhyNot({Version()}), HasSubstr("is beyond what gate.json grants"));
  options_.gate->applications = {"db"};
  EXPECT_THAT(WhyNot({Version()}), HasSubstr("does not grant application app"));
}

// Trust and grants may change while a push runs.
TEST_F(HandedOverTest, WhatChangedSinceTheLoginCounts) {
  SetGate("\"db\"");
  EXPECT_THAT(WhyNot({Version()}), HasSubstr("does not grant application app"));
  SetGate("\"app\"", 1);
  EXPECT_THAT(WhyNot({Version()}), HasSubstr("is beyond what gate.json grants"));
  SetGate();
  EXPECT_THAT(WhyNot({Version()}, [&] { base::RemoveTree(layout().Trust()); }),
              HasSubstr("a gate is for signed images alone"));
}

TEST_F(HandedOverTest, ModesAreNotTheOthersToChoose) {
  std::filesystem::permissions(LayoutOf(options_).Incoming(Image().id()),
                               std::filesystem::perms(0777));
  std::filesystem::permissions(Left("image.erofs"), std::filesystem::perms(04777));
  EXPECT_EQ(WhyNot({Version()}), "");
  EXPECT_EQ(base::StatIfThere(There(built_))->st_mode & 07777, 0755U);
  EXPECT_EQ(base::StatIfThere(There(built_) + "/image.erofs")->st_mode & 07777, 0644U);
}

// A session holds its operator's folder to its end.
TEST_F(HandedOverTest, EachOperatorHasAFolder) {
  EXPECT_THAT(LayoutOf(options_).Incoming(), testing::EndsWith("/incoming/gate-alice/files"));
  EXPECT_EQ(LayoutOf(options_).root(), layout().root());
}

TEST_F(HandedOverTest, TheTreeIsMadeAgain) {
  BuildWithVerity();
  base::WriteFileAtomically(Left("image.verity"), "a tree that would match another image");
  EXPECT_EQ(WhyNot({Version()}), "");
  ExpectSame(built_);
  EXPECT_EQ(images::RootOfTree(There(built_) + "/image.verity"),
            Image().manifest().image.verity_root);
}

TEST_F(HandedOverTest, AnotherRootThanTheImageHasIsRefused) {
  BuildWithVerity();
  built_ = WithAnotherRoot(built_);
  Sign(built_);
  Leave();
  EXPECT_THAT(WhyNot({Version()}), HasSubstr("the verity root of app "));
}

// The first process cannot turn it on, and finds it where a push ended just before it published.
TEST_F(HandedOverTest, TheImageHasFsVerity) {
  SealingSys sys;
  const base::ScopedSys seam(sys);
  sys.fails_to_publish = true;
  EXPECT_NE(WhyNot({Version()}), "");
  ASSERT_TRUE(sys.IsSealed(Left("image.erofs")));
  sys.fails_to_publish = false;
  EXPECT_EQ(WhyNot({Version()}), "");
  ExpectSame(built_);
  EXPECT_TRUE(sys.IsSealed(There(built_) + "/image.erofs"));
}

TEST_F(HandedOverTest, APolicyMayRequireVerity) {
  RequireVerity();
  EXPECT_THAT(WhyNot({Version()}), HasSubstr("has no verity root"));
  BuildWithVerity();
  EXPECT_EQ(WhyNot({Version()}), "");
}

TEST_F(HandedOverTest, WhatIsHeldIsReadAgain) {
  EXPECT_EQ(WhyNot({Version()}), "");
  const std::string image = There(built_) + "/image.erofs";
  Change(image, 5000);
  Acceptance acceptance(layout(), OlderReleases::kRefused, base::SystemClock());
  acceptance.Check("app", Image().stored().digest, base::ReadFile(built_ + "/release"));
  tests::SocketPair pair;
  base::Io io;
  io.in = io.out = pair.b.get();
  const ReceiveSteps steps{nullptr, nullptr, stage_};
  EXPECT_THAT(tests::MessageOf([&] {
                RunConversation(io, [&](pusher::Wire& wire, pusher::KeepAlive& alive) {
                  ReceiveSession(options_, steps, wire, alive)
                      .PublishFor({{}, {}, VersionLocks(layout()), std::move(acceptance)},
                                  {Version(true)});
                });
              }),
              HasSubstr("is damaged; push again"));
}

}  // namespace
}  // namespace activator
