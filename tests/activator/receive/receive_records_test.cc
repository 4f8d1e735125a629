// What a host keeps beside a version, and of its releases: nothing of a plan, and nothing stale.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/clock.h"
#include "pusher/protocol/planned.h"
#include "tests/activator/receive/signed_fixture.h"
#include "tests/support/errors.h"

namespace activator {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;

class RecordsOfPushTest : public SignedPushTest {
 protected:
  pusher::Offer OfferOf(const std::string& built) const {
    const images::ImageDirectory image(built);
    pusher::Offer offer;
    offer.name = image.manifest().name;
    offer.manifest_sha256 = image.stored().digest;
    offer.held = true;
    offer.release_bytes = base::ReadFile(built + "/release").size();
    return offer;
  }
  void SendOffer(pusher::Wire& wire, const std::string& built) const {
    pusher::SendText(wire, pusher::MessageType::kOffer, OfferOf(built).Serialize());
    pusher::SendBlob(wire, base::ReadFile(built + "/release"));
  }
  static void SendBegin(pusher::Wire& wire, uint64_t images, bool plan) {
    pusher::Begin begin;
    begin.images = images;
    begin.plan = plan;
    pusher::SendText(wire, pusher::MessageType::kBegin, begin.Serialize());
  }
};

class SteppingClock : public base::Clock {
 public:
  std::chrono::system_clock::time_point Now() override { return now_; }
  std::chrono::system_clock::time_point now_ =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
};

// An activation may have written users since.
TEST_F(RecordsOfPushTest, WhatARepairThatWasCutOffLeftIsNotPublished) {
  EXPECT_EQ(Push({built_}).error, "");
  const std::string there = There(built_);
  const std::string left = layout().Incoming(images::ImageDirectory(built_).stored().id);
  base::MakeDirectories(left);
  for (const char* file : {"passwd", "group"}) {
    base::WriteFileAtomically(there + "/" + file, "now\n");
    base::WriteFileAtomically(left + "/" + file, "then\n");
  }
  Change(there + "/image.erofs", 5);
  EXPECT_EQ(Push({built_}).error, "");
  EXPECT_EQ(base::ReadFile(there + "/passwd"), "now\n");
  EXPECT_EQ(base::ReadFile(there + "/group"), "now\n");
}

TEST_F(RecordsOfPushTest, AProvenanceThatCannotBeReadIsSentAgainOrDoesNotMatter) {
  base::WriteFileAtomically(built_ + "/provenance.json", "{\"built\":1}\n");
  EXPECT_EQ(Push({built_}).error, "");
  std::filesystem::resize_file(There(built_) + "/provenance.json", uint64_t{65} << 20);  // too long
  EXPECT_EQ(Push({built_}).error, "");
  Trust({"alice"});
  Sign(built_);
  EXPECT_EQ(Push({built_}).error, "");
  ExpectSame(built_);
}

TEST_F(RecordsOfPushTest, NoProvenanceStaysWhereNoneWasSigned) {
  base::WriteFileAtomically(built_ + "/provenance.json", "{\"built\":1}\n");
  EXPECT_EQ(Push({built_}).error, "");
  base::Unlink(built_ + "/provenance.json");
  Trust({"alice"});
  Sign(built_);
  EXPECT_EQ(Push({built_}).error, "");
  EXPECT_FALSE(base::Exists(There(built_) + "/provenance.json"));
  const Outcome again = Push({built_});
  EXPECT_EQ(again.error, "");
  EXPECT_THAT(again.said, testing::Not(HasSubstr("damaged")));
  EXPECT_THAT(SignersNow(built_), ElementsAre("alice@x"));
}

TEST_F(RecordsOfPushTest, AnotherProvenanceThanTheSignedOneIsNotActivated) {
  base::WriteFileAtomically(built_ + "/provenance.json", "{\"built\":1}\n");
  Trust({"alice"});
  Sign(built_);
  EXPECT_EQ(Push({built_}).error, "");
  EXPECT_THAT(SignersNow(built_), ElementsAre("alice@x"));
  base::WriteFileAtomically(There(built_) + "/provenance.json", "{\"built\":2}\n");
  EXPECT_THAT(tests::MessageOf([&] { SignersNow(built_); }), HasSubstr("push it again"));
  EXPECT_EQ(Push({built_}).error, "");
  EXPECT_THAT(SignersNow(built_), ElementsAre("alice@x"));
}

// A sender that plans both, in one session, and then pushes the first alone.
TEST_F(RecordsOfPushTest, APlanIsNoReleaseThatWasTaken) {
  const std::string other = Build("1", "other");
  EXPECT_EQ(Push({built_, other}).error, "");
  Trust({"alice"});
  Sign(built_);
  Sign(other);
  WithAgent([&](int fd) {
    pusher::StreamOptions stream_options;
    stream_options.read_while_writing = true;
    pusher::Stream stream(fd, fd, stream_options);
    pusher::Wire wire(stream);
    pusher::Expect(wire, pusher::MessageType::kHello);
    SendBegin(wire, 2, true);
    SendOffer(wire, built_);
    SendOffer(wire, other);
    wire.Flush();
    pusher::ReceivePlanned(wire);
    SendBegin(wire, 1, false);
    SendOffer(wire, built_);
    pusher::SendEmpty(wire, pusher::MessageType::kCommit);
    wire.Flush();
    pusher::Expect(wire, pusher::MessageType::kStaged);
  });
  EXPECT_THAT(AcceptedOf(built_).signers, ElementsAre("alice@x"));
  EXPECT_TRUE(AcceptedOf(other).signers.empty());
  EXPECT_FALSE(base::Exists(There(other) + "/release"));
}

// A key may expire before a long push ends.
TEST_F(RecordsOfPushTest, AReleaseIsTakenWhenItsSignaturesWereChecked) {
  Trust({"alice"});
  SteppingClock clock;
  const auto checked = clock.now_;
  Acceptance acceptance(layout(), OlderReleases::kRefused, clock);
  const images::Statement statement = StatementFor(built_);
  acceptance.Check("app", statement.manifest_sha256, keys_.Sign(statement, {"alice"}));
  clock.now_ += hours(1);
  acceptance.Record();
  EXPECT_EQ(AcceptedOf(built_).accepted, checked);
}

}  // namespace
}  // namespace activator
