// A host that takes signed images alone: what it takes, what it refuses, and what it remembers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "activator/state/history.h"
#include "base/clock.h"
#include "base/sys.h"
#include "tests/activator/receive/signed_fixture.h"
#include "tests/support/errors.h"

namespace activator {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(SignedPushTest, ASignedImageIsTakenWithItsRelease) {
  Trust({"alice"});
  Sign(built_);
  EXPECT_EQ(Push({built_}).error, "");
  ExpectSame(built_);
  EXPECT_THAT(AcceptedOf(built_).signers, ElementsAre("alice@x"));
  EXPECT_THAT(SignersNow(built_), ElementsAre("alice@x"));
}

TEST_F(SignedPushTest, TheRecordOfReleasesIsReadOnceAndAgainUnderTheLock) {
  class Counter : public base::Sys {
   public:
    int Open(const char* path, int flags, mode_t mode) override {
      reads += std::string_view(path).ends_with("/trust/accepted.json") ? 1 : 0;
      return Sys::Open(path, flags, mode);
    }
    int reads = 0;
  };
  Trust({"alice"});
  const std::string other = BuildOther();
  for (const std::string& built : {built_, other}) {
    Sign(built);
    EXPECT_EQ(Push({built}).error, "");
  }
  Counter counter;
  const base::ScopedSys seam(counter);
  HeldReleases held(layout());
  Acceptance acceptance(layout(), OlderReleases::kTaken, base::SystemClock());
  EXPECT_EQ(std::exchange(counter.reads, 0), 1);
  for (const std::string& built : {built_, other}) {
    const base::Sha256 digest = images::ImageDirectory(built).stored().digest;
    EXPECT_THAT(held.Check("app", digest), ElementsAre("alice@x"));
    acceptance.Check("app", digest, base::ReadFile(built + "/release"));
  }
  EXPECT_EQ(std::exchange(counter.reads, 0), 1);
  acceptance.Record();
  EXPECT_EQ(counter.reads, 1);
}

TEST_F(SignedPushTest, AnUnsignedOneIsNot) {
  Trust({"alice"});
  ExpectRefused(built_,
                "is not signed, and this host takes signed images alone: imgbuild sign "
                "--channel production app");
}

TEST_F(SignedPushTest, WithoutTrustBothAreTaken) {
  EXPECT_EQ(Push({built_}).error, "");
  const std::string other = BuildOther();
  Sign(other, {"eve"});
  EXPECT_EQ(Push({other}).error, "");
  ExpectSame(other);
}

TEST_F(SignedPushTest, AStrangersIsNotAndNothingElseIsRead) {
  Trust({"alice"});
  Sign(built_, {"eve"});
  ExpectRefused(built_, "signed by nobody this host trusts: " + keys_.FingerprintOfFile("eve"));
  EXPECT_TRUE(base::ListDirectory(layout().Incoming()).empty());
}

TEST_F(SignedPushTest, TwoOfThreeSignersAreEnoughAndOneIsNot) {
  Trust({"alice", "bob", "eve"}, 2);
  Sign(built_, {"alice"});
  ExpectRefused(built_, "has 1 of 2 signatures");
  Sign(built_, {"alice", "eve"});
  EXPECT_EQ(Push({built_}).error, "");
  EXPECT_THAT(AcceptedOf(built_).signers, ElementsAre("alice@x", "eve@x"));
}

// Alice's own signatures, of other things.
TEST_F(SignedPushTest, AReleaseOfSomethingElseIsRefused) {
  Trust({"alice"});
  const std::string other = BuildOther();
  Sign(other);
  Release(built_, base::ReadFile(other + "/release"));
  ExpectRefused(built_, "is the release of app");
  images::Statement statement = StatementFor(built_);
  statement.name = "other";
  Release(built_, keys_.Sign(statement, {"alice"}));
  ExpectRefused(built_, "is the release of other");
  statement = StatementFor(built_);
  statement.channel = "staging";
  Release(built_, keys_.Sign(statement, {"alice"}));
  ExpectRefused(built_, "is released for staging; this host takes production");
  statement = StatementFor(built_);
  statement.provenance_sha256 = base::Sha256Of("another");
  Release(built_, keys_.Sign(statement, {"alice"}));
  ExpectRefused(built_, "was signed with another provenance");
}

// A sender that looks at nothing: what the host says is what counts.
TEST_F(SignedPushTest, TheHostItselfRefusesWhatTheSenderWouldLetPass) {
  Trust({"alice"});
  const images::ImageDirectory image(built_);
  const auto why = [&](const images::Statement& statement) {
    Acceptance acceptance(layout(), OlderReleases::kRefused, base::SystemClock());
    return tests::MessageOf(
        [&] { acceptance.Check("app", image.stored().digest, keys_.Sign(statement, {"alice"})); });
  };
  images::Statement statement = StatementFor(built_);
  statement.manifest_sha256 = base::Sha256Of("another");
  EXPECT_THAT(why(statement), HasSubstr("is the release of app"));
  statement = StatementFor(built_);
  statement.name = "other";
  EXPECT_THAT(why(statement), HasSubstr("is the release of other"));
  statement = StatementFor(built_);
  statement.channel = "staging";
  EXPECT_THAT(why(statement), HasSubstr("is released for staging"));
  Acceptance acceptance(layout(), OlderReleases::kRefused, base::SystemClock());
  EXPECT_THAT(tests::MessageOf([&] { acceptance.Check("app", image.stored().digest, ""); }),
              HasSubstr("is not signed"));
  acceptance.Check("app", image.stored().digest, keys_.Sign(StatementFor(built_), {"alice"}));
  EXPECT_FALSE(acceptance.IsProvenance("app", base::Sha256Of("another")));
  EXPECT_TRUE(acceptance.IsProvenance("app", StatementFor(built_).provenance_sha256));
}

TEST_F(SignedPushTest, AnOlderReleaseIsNotTakenAgain) {
  Trust({"alice"});
  Sign(built_, {"alice"}, hours(48));
  EXPECT_EQ(Push({built_}).error, "");
  const std::string newer = BuildOther();
  Sign(newer, {"alice"}, hours(1));
  EXPECT_EQ(Push({newer}).error, "");
  const Outcome replay = Push({built_});
  EXPECT_THAT(replay.error, HasSubstr("an older release is not taken"));
  // A local way back stays open; so does a new release of the old image, and --older.
  EXPECT_THAT(SignersNow(built_), ElementsAre("alice@x"));
  options_.older = true;
  EXPECT_EQ(Push({built_}).error, "");
  const std::optional<Event> event = LastEvent(layout(), [](const Event&) { return true; });
  ASSERT_TRUE(event);
  EXPECT_EQ(event->event, "took-older");
  EXPECT_THAT(event->reason, HasSubstr("this host took one of"));
  options_.older = false;
  EXPECT_THAT(Push({built_}).error, HasSubstr("an older release is not taken"));
  Sign(built_, {"alice"}, minutes(1));
  const Outcome anew = Push({built_});
  EXPECT_EQ(anew.error, "");
  EXPECT_TRUE(anew.images.at(0).already_there);  // only the statement was sent
  EXPECT_LT(anew.sent_bytes, 4000U);
  EXPECT_EQ(base::ReadFile(There(built_) + "/release"), base::ReadFile(built_ + "/release"));
  EXPECT_THAT(Push({newer}).error, HasSubstr("an older release is not taken"));
}

TEST_F(SignedPushTest, ChannelsHaveTheirOwnOrder) {
  images::TrustTexts texts = keys_.TrustIn({"alice"});
  texts.policy = images::Policy{{"production", "staging"}, 1}.Serialize();
  SetTrust(layout(), texts);
  Sign(built_, {"alice"}, hours(1));
  EXPECT_EQ(Push({built_}).error, "");
  images::Statement older = StatementFor(built_, hours(2));
  older.channel = "staging";
  Release(built_, keys_.Sign(older, {"alice"}));
  EXPECT_EQ(Push({built_}).error, "");
}

TEST_F(SignedPushTest, AReleaseOfTheFutureIsRefused) {
  Trust({"alice"});
  Sign(built_, {"alice"}, -minutes(30));
  ExpectRefused(built_, "set the clock of this host or of the signer");
  Sign(built_, {"alice"}, -minutes(5));
  EXPECT_EQ(Push({built_}).error, "");
}

TEST_F(SignedPushTest, RevocationStopsActivationAndExpiryDoesNot) {
  images::TrustTexts texts = keys_.TrustIn({"alice"});
  SetTrust(layout(), texts);
  Sign(built_);
  EXPECT_EQ(Push({built_}).error, "");
  const std::string key = keys_.PublicKey("alice");
  // As if it had been taken long ago, and the key had expired since.
  Accepted accepted = ReadAccepted(layout());
  for (auto& [version, how] : accepted.versions) {
    how.accepted = *base::FromIso8601("2026-01-01T00:00:00Z");
  }
  StoreAccepted(layout(), accepted, {});
  texts.signers = "alice@x valid-before=\"20260201\" " + key + "\n";
  SetTrust(layout(), texts);
  EXPECT_THAT(SignersNow(built_), ElementsAre("alice@x"));
  const std::string other = BuildOther();
  Sign(other);
  ExpectRefused(other, "alice@x's key expired on 2026-02-01T00:00:00Z");
  texts.revoked = key + "\n";
  SetTrust(layout(), texts);
  EXPECT_THAT(tests::MessageOf([&] { SignersNow(built_); }), HasSubstr("alice@x's key is revoked"));
}

TEST_F(SignedPushTest, AVersionFromBeforeIsNotActivatedUnsigned) {
  EXPECT_EQ(Push({built_}).error, "");
  EXPECT_TRUE(SignersNow(built_).empty());
  Trust({"alice"});
  EXPECT_THAT(tests::MessageOf([&] { SignersNow(built_); }), HasSubstr("is not signed"));
  Sign(built_);
  const Outcome anew = Push({built_});
  EXPECT_EQ(anew.error, "");
  EXPECT_TRUE(anew.images.at(0).already_there);
  EXPECT_THAT(SignersNow(built_), ElementsAre("alice@x"));
}

// Whatever is wrong in the directory, nothing is taken and nothing is activated.
TEST_F(SignedPushTest, BrokenTrustRefusesEverything) {
  Trust({"alice"});
  Sign(built_);
  const std::string signers = layout().Trust() + "/signers";
  const auto refuses = [&](const std::string& why) {
    ExpectRefused(built_, why);
    EXPECT_THAT(tests::MessageOf([&] { SignersNow(built_); }), HasSubstr(why));
    base::RemoveTree(layout().Trust());
    Trust({"alice"});
  };
  base::WriteFileAtomically(signers, "");
  refuses("signers names nobody");
  base::WriteFileAtomically(signers, keys_.SignersFor({"alice"}) + "bob@x ssh-ed25519 AAAA\n");
  refuses("signers line 2 is no key: ssh-keygen would skip it");
  base::Unlink(signers);
  base::MakeDirectories(signers);
  refuses("signers");
  for (const char* file : {"signers", "revoked", "policy.json", "accepted.json"}) {
    base::Unlink(layout().Trust() + "/" + file);
    refuses(file);
  }
  base::WriteFileAtomically(layout().Trust() + "/accepted.json", "{");
  refuses("accepted.json");
  base::RemoveTree(layout().Trust());
  base::WriteFileAtomically(layout().Trust(), "");
  refuses("trust");
  base::RemoveTree(layout().Trust());
  base::MakeDirectories(layout().Trust());
  refuses("trust");
  EXPECT_EQ(Push({built_}).error, "");
}

// The push has been greeted, checked and received when it happens.
TEST_F(SignedPushTest, WhatChangesWhileAPushRunsIsLookedAtAgain) {
  Trust({"alice"});
  Sign(built_);
  const images::ImageDirectory image(built_);
  const std::string text = base::ReadFile(built_ + "/release");
  const auto after = [&](const std::function<void()>& change) {
    Acceptance acceptance(layout(), OlderReleases::kRefused, base::SystemClock());
    acceptance.Check("app", image.stored().digest, text);
    change();
    return tests::ErrorOf([&] { acceptance.Record(); });
  };
  const base::Error removed = after([&] { base::RemoveTree(layout().Trust()); });
  EXPECT_EQ(removed.code(), base::ExitCode::kVerification);
  EXPECT_THAT(removed.what(), HasSubstr("was removed while this push ran"));
  Trust({"alice"});
  EXPECT_THAT(after([&] { Trust({"bob"}); }).what(), HasSubstr("nobody this host trusts"));
  Trust({"alice"});
  images::TrustTexts revoked = keys_.TrustIn({"alice"});
  revoked.revoked = keys_.PublicKey("alice") + "\n";
  EXPECT_THAT(after([&] { SetTrust(layout(), revoked); }).what(), HasSubstr("revoked"));
  Trust({"alice"});
  EXPECT_THAT(after([&] {
                Accepted accepted;
                accepted.newest[{"app", "production"}] = base::SystemClock().Now();
                StoreAccepted(layout(), accepted, {});
              }).what(),
              HasSubstr("an older release is not taken"));
  base::RemoveTree(layout().Trust());
  EXPECT_THAT(after([&] { Trust({"alice"}); }).what(), HasSubstr("was made while this push ran"));
}

TEST_F(SignedPushTest, AnotherProvenanceOfAVersionThatIsHeldComesWithItsRelease) {
  base::WriteFileAtomically(built_ + "/provenance.json", "{\"built\":1}\n");
  EXPECT_EQ(Push({built_}).error, "");
  Trust({"alice"});
  base::WriteFileAtomically(built_ + "/provenance.json", "{\"built\":2}\n");
  Sign(built_);
  EXPECT_EQ(Push({built_}).error, "");
  ExpectSame(built_);
  EXPECT_THAT(SignersNow(built_), ElementsAre("alice@x"));
}

TEST_F(SignedPushTest, ADamagedVersionKeepsItsReleaseWhenItIsRepaired) {
  Sign(built_);
  EXPECT_EQ(Push({built_}).error, "");
  Change(There(built_) + "/image.erofs", 5);
  const std::string release = base::ReadFile(built_ + "/release");
  base::Unlink(built_ + "/release");
  EXPECT_EQ(Push({built_}).error, "");
  EXPECT_EQ(base::ReadFile(There(built_) + "/release"), release);
}

TEST_F(SignedPushTest, APlanSaysWhatAPushWouldBeRefusedFor) {
  Trust({"alice"});
  EXPECT_THAT(tests::MessageOf([&] { Plan(built_); }), HasSubstr("is not signed"));
  Sign(built_, {"eve"});
  EXPECT_THAT(tests::MessageOf([&] { Plan(built_); }), HasSubstr("nobody this host trusts"));
  Sign(built_);
  const uint64_t planned_bytes = Plan(built_).send_bytes;
  EXPECT_EQ(Push({built_}).sent_bytes, planned_bytes);
}

TEST_F(SignedPushTest, TheRecordForgetsVersionsThatAreGoneAndKeepsTheOrder) {
  Trust({"alice"});
  Sign(built_, {"alice"}, hours(3));
  EXPECT_EQ(Push({built_}).error, "");
  base::RemoveTree(There(built_));
  const std::string other = BuildOther();
  Sign(other, {"alice"}, hours(2));
  EXPECT_EQ(Push({other}).error, "");
  const Accepted accepted = ReadAccepted(layout());
  EXPECT_EQ(accepted.versions.size(), 1U);
  EXPECT_EQ(accepted, Accepted::Parse(accepted.Serialize(), "accepted.json"));
  EXPECT_THAT(Push({built_}).error, HasSubstr("an older release is not taken"));
}

}  // namespace
}  // namespace activator
