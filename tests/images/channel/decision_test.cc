// What a host does after a poll.
#include "images/channel/decision.h"

#include <gtest/gtest.h>

#include "tests/images/channel/heads.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const TimePoint kPolled = tests::kCreated + hours(1);
const base::Sha256 kWeb = base::Sha256Of("web");
const base::Sha256 kDb = base::Sha256Of("db");

class DecisionTest : public ::testing::Test {
 protected:
  DecisionTest() {
    poll_.memory.channel = "web";
    poll_.host = {"0123456789abcdef0123456789abcdef", {}, {"x86_64", {"erofs-zstd"}}};
    poll_.now = kPolled;
  }
  // The store has this one.
  Action Fresh(const ChannelHead& head) {
    poll_.fresh = tests::Unsigned(head);
    return Decide(poll_);
  }
  // The host has taken this one before.
  void Remember(const ChannelHead& head) {
    poll_.memory.head = {tests::Unsigned(head), kPolled, "tag"};
    poll_.memory_counts = true;
  }
  Action AsBefore() {
    poll_.fresh.reset();
    return Decide(poll_);
  }
  std::string WhyRefused(const Action& action) {
    EXPECT_EQ(action.kind, ActionKind::kRefuse);
    EXPECT_EQ(action.result, ChannelResult::kFailed);
    EXPECT_THAT(action.set, IsEmpty());
    return action.why;
  }

  Poll poll_;
};

TEST_F(DecisionTest, ANewHeadIsApplied) {
  const Action action = Fresh(tests::Head());
  EXPECT_EQ(action.kind, ActionKind::kApply);
  EXPECT_TRUE(action.adopt);
  EXPECT_FALSE(action.urgent);
  EXPECT_EQ(action.set, (ChosenApps{{"db", kDb}, {"web", kWeb}}));
  EXPECT_THAT(action.remove, IsEmpty());
  EXPECT_EQ(action.place, PlaceOf("web", "", poll_.host.machine_id));
}

TEST_F(DecisionTest, TheProgramsOfAHeadWaitForTheHostsTurnToo) {
  poll_.active = {{"db", kDb}, {"web", kWeb}};
  ChannelHead head = tests::Head();
  EXPECT_TRUE(Fresh(head).programs);
  head.rollout.hold = true;
  EXPECT_FALSE(Fresh(head).programs);
  head.rollout.hold = false;
  head.rollout.waves = {{{}, 100, hours(24)}};
  EXPECT_FALSE(Fresh(head).programs);
  head.rollout.urgent = true;
  EXPECT_TRUE(Fresh(head).programs);
}

TEST_F(DecisionTest, WhatRunsAlreadyIsNotApplied) {
  poll_.active = {{"db", kDb}, {"web", kWeb}, {"other", kDb}};
  EXPECT_EQ(Fresh(tests::Head()).kind, ActionKind::kNothing);
  EXPECT_EQ(Fresh(tests::Head()).result, ChannelResult::kActive);
  poll_.active["web"] = kDb;
  EXPECT_EQ(Fresh(tests::Head()).kind, ActionKind::kApply);
}

TEST_F(DecisionTest, TheFirstVariantThatTheHostCanRun) {
  poll_.host.abilities.features = {"erofs-lz4"};
  EXPECT_THAT(WhyRefused(Fresh(tests::Head())),
              HasSubstr("channel web, version 42: no variant of db is for this host"));
  EXPECT_TRUE(Fresh(tests::Head()).adopt);
  ChannelHead head = tests::Head();
  head.apps.erase("db");
  EXPECT_EQ(Fresh(head).set, (ChosenApps{{"web", base::Sha256Of("web for lz4")}}));
}

TEST_F(DecisionTest, AnApplicationThatTheChannelHasNoMoreGoes) {
  poll_.memory.applied =
      AppliedSet{41, 7, {{"old", kDb}, {"gone", kDb}, {"moved", kDb}, {"db", kDb}}};
  poll_.active = {{"db", kDb}, {"web", kWeb}, {"old", kDb}, {"moved", kDb}, {"by ssh", kDb}};
  poll_.of_others = {{"moved", "other"}};
  EXPECT_EQ(Fresh(tests::Head()).kind, ActionKind::kApply);
  EXPECT_THAT(Fresh(tests::Head()).remove, ElementsAre("old"));
  poll_.active.erase("old");
  EXPECT_EQ(Fresh(tests::Head()).kind, ActionKind::kNothing);
}

TEST_F(DecisionTest, TheVersionNeverFalls) {
  Remember(tests::Head(42));
  EXPECT_EQ(WhyRefused(Fresh(tests::Head(41))),
            "channel web, version 41 is older than 42, which this host has seen: an older one is "
            "not taken");
  EXPECT_FALSE(Fresh(tests::Head(41)).adopt);
  EXPECT_EQ(Fresh(tests::Head(42)).kind, ActionKind::kApply);
  EXPECT_EQ(Fresh(tests::Head(43)).kind, ActionKind::kApply);
  ChannelHead other = tests::Head(42);
  other.rollout.retry = 1;
  EXPECT_THAT(WhyRefused(Fresh(other)), HasSubstr("is another one than the version 42"));
  EXPECT_FALSE(Fresh(other).adopt);
}

// A key that was stolen could have signed a version that no honest one exceeds.
TEST_F(DecisionTest, WithoutTrustInTheKeyItsVersionBindsNobody) {
  Remember(tests::Head(kMaxChannelVersion));
  WhyRefused(Fresh(tests::Head(41)));
  poll_.memory_counts = false;
  EXPECT_EQ(Fresh(tests::Head(41)).kind, ActionKind::kApply);
  EXPECT_TRUE(Fresh(tests::Head(41)).adopt);
  EXPECT_THAT(WhyRefused(AsBefore()), HasSubstr("has no head of it that is trusted"));
}

TEST_F(DecisionTest, A304BeforeThereWasAHeadIsRefused) {
  EXPECT_THAT(WhyRefused(AsBefore()), HasSubstr("poll it anew"));
}

TEST_F(DecisionTest, TheHeadOfAnotherChannelIsRefused) {
  ChannelHead head = tests::Head();
  head.channel = "other";
  EXPECT_EQ(WhyRefused(Fresh(head)),
            "what the store has as channel web is channel other: publish it anew");
  EXPECT_FALSE(Fresh(head).adopt);
}

TEST_F(DecisionTest, AnExpiredHeadStagesNothing) {
  const ChannelHead head = tests::Head();
  poll_.now = head.expires - seconds(1);
  EXPECT_EQ(Fresh(head).kind, ActionKind::kApply);
  poll_.now = head.expires;
  const Action action = Fresh(head);
  EXPECT_EQ(action.kind, ActionKind::kStale);
  EXPECT_EQ(action.result, ChannelResult::kStale);
  EXPECT_THAT(action.set, IsEmpty());
  EXPECT_TRUE(action.adopt);  // its version counts
  EXPECT_EQ(action.why,
            "channel web, version 42 expired at 2026-12-07T12:00:00Z: publish it anew with imgpush "
            "channel renew STORE web");
  Remember(head);
  EXPECT_EQ(AsBefore().kind, ActionKind::kStale);  // no answer of the store makes it fresh
  poll_.active = {{"db", kDb}, {"web", kWeb}};
  EXPECT_EQ(AsBefore().kind, ActionKind::kStale);
}

TEST_F(DecisionTest, NeitherClockMakesAnExpiredHeadFresh) {
  const ChannelHead head = tests::Head();
  Remember(head);
  poll_.now = head.expires + hours(1);
  poll_.clock_offset = -hours(2);  // the store says it is two hours earlier
  EXPECT_EQ(AsBefore().kind, ActionKind::kStale);
  poll_.now = head.expires - hours(1);
  poll_.clock_offset = hours(2);  // this host's clock is late
  EXPECT_EQ(AsBefore().kind, ActionKind::kStale);
  // Both are late: a head that was signed later says so.
  ChannelHead old = tests::Head(43);
  ChannelHead newest = tests::Head(42);
  newest.created = old.expires;
  newest.expires = old.expires + hours(1);
  Remember(newest);
  poll_.now = tests::kCreated;
  poll_.clock_offset = seconds(0);
  EXPECT_EQ(Fresh(old).kind, ActionKind::kStale);
}

TEST_F(DecisionTest, AHeadFromTheFutureIsRefused) {
  poll_.now = tests::kCreated - minutes(10);
  EXPECT_EQ(Fresh(tests::Head()).kind, ActionKind::kWait);  // for its time
  poll_.now = tests::kCreated - minutes(10) - seconds(1);
  EXPECT_EQ(WhyRefused(Fresh(tests::Head())),
            "channel web, version 42 was made at 2026-11-30T12:00:00Z, and here it is "
            "2026-11-30T11:49:59Z: set the clock of this host or of the publisher");
  EXPECT_FALSE(Fresh(tests::Head()).adopt);
  poll_.now = tests::At("2000-01-01T00:00:00Z");  // a clock without a battery
  WhyRefused(Fresh(tests::Head()));
  poll_.clock_offset = std::chrono::duration_cast<seconds>(kPolled - poll_.now);  // the store knows
  EXPECT_EQ(Fresh(tests::Head()).kind, ActionKind::kApply);
}

TEST_F(DecisionTest, AnAbsurdOffsetIsNotCountedWith) {
  for (const seconds offset : {seconds::max(), seconds::min()}) {
    poll_.clock_offset = offset;
    EXPECT_EQ(Fresh(tests::Head()).kind,
              offset > seconds(0) ? ActionKind::kStale : ActionKind::kWait);
  }
}

TEST_F(DecisionTest, AHostWaitsForItsWave) {
  ChannelHead head = tests::Head();
  const auto place = static_cast<int64_t>(PlaceOf("web", "", poll_.host.machine_id));
  head.rollout.waves = {{{"canary"}, 0, seconds(0)}, {{}, 100, hours(2)}};
  head.rollout.spread = seconds(10'000);
  const TimePoint start = tests::kCreated + hours(2) + seconds(place);
  Action action = Fresh(head);
  EXPECT_EQ(action.kind, ActionKind::kWait);
  EXPECT_EQ(action.result, ChannelResult::kWaiting);
  EXPECT_EQ(action.until, start);
  EXPECT_TRUE(action.adopt);
  Remember(head);
  poll_.now = start - seconds(1);
  EXPECT_EQ(AsBefore().kind, ActionKind::kWait);
  poll_.now = start;  // a 304 all the same
  EXPECT_EQ(AsBefore().kind, ActionKind::kApply);
  EXPECT_EQ(AsBefore().set.size(), 2);
  poll_.host.groups = {"canary"};
  poll_.now = tests::kCreated + seconds(place);
  EXPECT_EQ(AsBefore().kind, ActionKind::kApply);
  poll_.now -= seconds(1);
  EXPECT_EQ(AsBefore().until, tests::kCreated + seconds(place));
}

TEST_F(DecisionTest, TheStoresClockCountsForWaves) {
  ChannelHead head = tests::Head();
  head.rollout.waves[0].after = hours(2);
  poll_.clock_offset = -minutes(30);
  EXPECT_EQ(Fresh(head).until, tests::kCreated + hours(2) + minutes(30));  // by the host's clock
  poll_.clock_offset = hours(1);
  EXPECT_EQ(Fresh(head).kind, ActionKind::kApply);
}

TEST_F(DecisionTest, NobodyStartsWhatIsHeldOrInNoWave) {
  ChannelHead head = tests::Head();
  head.rollout.hold = true;
  EXPECT_EQ(Fresh(head).kind, ActionKind::kHeld);
  EXPECT_EQ(Fresh(head).result, ChannelResult::kHeld);
  poll_.active = {{"db", kDb}, {"web", kWeb}};
  EXPECT_EQ(Fresh(head).result, ChannelResult::kActive);
  poll_.active.clear();
  head.rollout.hold = false;
  head.rollout.waves = {{{"canary"}, 0, seconds(0)}};
  EXPECT_EQ(Fresh(head).kind, ActionKind::kWait);
  EXPECT_EQ(Fresh(head).until, std::nullopt);
}

TEST_F(DecisionTest, AnUrgentRollbackWaitsForNoWave) {
  poll_.active = {{"db", kDb}, {"web", base::Sha256Of("bad")}};
  Remember(tests::Head(42));
  ChannelHead head = tests::Head(43);
  head.rollout.waves = {{{}, 100, hours(24)}};
  head.rollout.urgent = true;
  head.created = kPolled + minutes(5);  // the publisher's clock is a little ahead
  const Action action = Fresh(head);
  EXPECT_EQ(action.kind, ActionKind::kApply);
  EXPECT_TRUE(action.urgent);
}

TEST_F(DecisionTest, ASetThatFailedIsNotTriedAgain) {
  ChannelHead head = tests::Head(42);
  poll_.memory.AddFailure(head, kPolled);
  Remember(head);
  EXPECT_EQ(AsBefore().kind, ActionKind::kNothing);
  EXPECT_EQ(AsBefore().result, ChannelResult::kRolledBack);
  EXPECT_THAT(AsBefore().why, HasSubstr("is not tried again"));
  head.version = 43;  // the same set under another number, urgent or not
  EXPECT_EQ(Fresh(head).result, ChannelResult::kRolledBack);
  head.rollout.urgent = true;
  EXPECT_EQ(Fresh(head).result, ChannelResult::kRolledBack);
  head.rollout.urgent = false;
  head.rollout.retry = 1;
  EXPECT_EQ(Fresh(head).kind, ActionKind::kApply);
  head.rollout.retry = 0;
  head.apps.erase("db");
  EXPECT_EQ(Fresh(head).kind, ActionKind::kApply);
}

TEST_F(DecisionTest, AnOverridePinsAnApplicationForADay) {
  poll_.active = {{"db", kDb}, {"web", base::Sha256Of("pushed")}};
  poll_.memory.applied = AppliedSet{41, 7, {{"db", kDb}, {"web", kWeb}}};
  poll_.memory.Pin("web", "alice", kPolled);
  Action action = Fresh(tests::Head());
  EXPECT_EQ(action.kind, ActionKind::kNothing);
  EXPECT_EQ(action.result, ChannelResult::kOverridden);
  EXPECT_THAT(action.pinned, ElementsAre("web"));
  poll_.active["db"] = kWeb;  // the others go on
  EXPECT_EQ(Fresh(tests::Head()).set, (ChosenApps{{"db", kDb}}));
  ChannelHead without = tests::Head();
  without.apps.erase("web");
  EXPECT_THAT(Fresh(without).remove, IsEmpty());
  EXPECT_THAT(Fresh(without).pinned, ElementsAre("web"));
  poll_.now = kPolled + hours(24) - seconds(1);
  EXPECT_THAT(Fresh(tests::Head()).pinned, ElementsAre("web"));
  poll_.now = kPolled + hours(24);
  action = Fresh(tests::Head());
  EXPECT_THAT(action.pinned, IsEmpty());
  EXPECT_EQ(action.set, (ChosenApps{{"db", kDb}, {"web", kWeb}}));
  EXPECT_THAT(Fresh(without).remove, ElementsAre("web"));
}

TEST_F(DecisionTest, AnApplicationIsOfOneChannelAlone) {
  HostMemory other;
  other.channel = "other";
  ChannelHead head = tests::Head();
  head.channel = "other";
  head.apps.erase("db");
  other.head = {tests::Unsigned(head), kPolled, ""};
  Remember(tests::Head());
  poll_.of_others = ApplicationsOfOthers({poll_.memory, other, HostMemory{"third"}}, "web");
  EXPECT_EQ(poll_.of_others, (std::map<std::string, std::string>{{"web", "other"}}));
  EXPECT_EQ(WhyRefused(AsBefore()),
            "web is in channel web and in channel other: take it out of one of them");
  ChannelHead without = tests::Head(43);
  without.apps.erase("web");
  EXPECT_EQ(Fresh(without).kind, ActionKind::kApply);
}

// What a host keeps, by real keys: see host_memory.h.
class StillCountsTest : public tests::SigningTest {
 protected:
  bool Counts(const TrustTexts& texts) const {
    const std::string text = tests::SignHead(*this, tests::Head(), {"alice"});
    SshKeygenVerifier verifier(texts);
    return StillCounts({SignedHead::Parse(text, "head"), kPolled, ""}, Trust::Parse(texts, "trust"),
                       verifier);
  }
};

TEST_F(StillCountsTest, WhileItsKeyIsTrusted) {
  EXPECT_TRUE(Counts(TrustIn({"bob", "alice"})));
  EXPECT_FALSE(Counts(TrustIn({"bob"})));
  EXPECT_FALSE(Counts(TrustIn({"bob", "alice"}, 2)));
  TrustTexts texts = TrustIn({"alice"});
  texts.revoked = PublicKey("alice") + "\n";
  EXPECT_FALSE(Counts(texts));
  texts = TrustIn({"alice"});  // expired since: it was taken in time
  texts.signers = "alice@x valid-before=\"20261201\" " + PublicKey("alice") + "\n";
  EXPECT_TRUE(Counts(texts));
}

}  // namespace
}  // namespace images
