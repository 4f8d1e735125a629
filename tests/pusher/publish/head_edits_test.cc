#include "pusher/publish/head_edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/images/channel/heads.h"
#include "tests/support/errors.h"

namespace pusher {
namespace {

using images::ChannelHead;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

const images::TimePoint kNow = tests::kCreated + hours(12);

TEST(HeadEditsTest, ANewChannelLastsAWeekAndStartsEverywhere) {
  const auto head = EditToPublish({{"web", {tests::Variant("1")}}}, {})(nullptr, kNow);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->created, kNow);
  EXPECT_EQ(head->expires, kNow + days(7));
  EXPECT_EQ(WavesText(head->rollout.waves), "100%");
  EXPECT_THAT(tests::MessageOf([] { EditToHold(true, {})(nullptr, kNow); }),
              testing::HasSubstr("there is no such channel"));
}

TEST(HeadEditsTest, PublishEndsAnUrgentRolloutAndNeverExpiresSooner) {
  ChannelHead current = tests::Head();
  current.rollout.urgent = true;
  current.expires = kNow + days(30);
  const auto head = EditToPublish({{"web", {tests::Variant("2")}}}, {})(&current, kNow);
  ASSERT_TRUE(head);
  EXPECT_FALSE(head->rollout.urgent);
  EXPECT_EQ(head->expires, kNow + days(30));
  const auto sooner =
      EditToPublish({{"web", {tests::Variant("2")}}}, {seconds(hours(1))})(&current, kNow);
  EXPECT_EQ(sooner->expires, kNow + hours(1));
  EXPECT_FALSE(EditToPublish({{"db", current.apps["db"]}}, {})(&current, kNow));
  const auto anew = EditToPublish({{"db", current.apps["db"]}}, {})(&current, current.expires);
  ASSERT_TRUE(anew) << "hosts stage nothing of what has expired";
  EXPECT_GT(anew->expires, current.expires);
}

TEST(HeadEditsTest, HoldAndReleaseAreDoneOnce) {
  const ChannelHead current = tests::Head();
  const auto held = EditToHold(true, {})(&current, kNow);
  ASSERT_TRUE(held);
  EXPECT_TRUE(held->rollout.hold);
  EXPECT_FALSE(EditToHold(true, {})(&*held, kNow));
  const auto released = EditToHold(false, {})(&*held, kNow + hours(1));
  ASSERT_TRUE(released);
  EXPECT_FALSE(released->rollout.hold);
  EXPECT_EQ(released->created, kNow + hours(1));
  EXPECT_FALSE(EditToHold(false, {})(&*released, kNow));
}

TEST(HeadEditsTest, ARenewedHeadsWavesGoOnUntilItIsAYearOld) {
  ChannelHead current = tests::Head();
  const auto renewed = EditToRenew({})(&current, kNow);
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->created, current.created);
  EXPECT_EQ(renewed->expires, kNow + days(7));
  EXPECT_FALSE(EditToRenew({})(&*renewed, kNow));
  const auto much_later = EditToRenew({})(&current, kNow + days(400));
  EXPECT_EQ(much_later->expires - much_later->created, days(366));
  EXPECT_EQ(much_later->expires, kNow + days(407));
}

TEST(HeadEditsTest, ARollbackIsUrgentAlsoOfAHeldChannel) {
  ChannelHead current = tests::Head();
  current.rollout.hold = true;
  ChannelHead old = tests::Head(41);
  old.apps.erase("db");
  const auto head =
      EditToRollBack([&](const ChannelHead& /*now*/) { return old; }, {})(&current, kNow);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->apps, old.apps);
  EXPECT_TRUE(head->rollout.urgent);
  EXPECT_FALSE(head->rollout.hold);
  EXPECT_EQ(head->agent, current.agent);
}

TEST(HeadEditsTest, RemoveAndSetChangeWhatTheyName) {
  const ChannelHead current = tests::Head();
  const auto without = EditToRemove({"db"}, {})(&current, kNow);
  ASSERT_TRUE(without);
  EXPECT_EQ(without->apps.size(), 1U);
  RolloutChange change;
  change.waves = ParseWaves("@canary,10%+1h,100%+24h");
  change.spread = seconds(3600);
  change.retry = true;
  const auto set = EditToSet(change, {}, {})(&current, kNow);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->rollout.retry, 1U);
  EXPECT_EQ(set->rollout.spread, seconds(3600));
  EXPECT_EQ(WavesText(set->rollout.waves), "0%@canary,10%+1h,100%+1d");
  EXPECT_EQ(ParseWaves(WavesText(set->rollout.waves)), set->rollout.waves);
  EXPECT_FALSE(EditToSet({}, {}, {})(&current, kNow));
}

TEST(HeadEditsTest, ProgramsReplaceThoseOfTheSameArchitectures) {
  const ChannelHead current = tests::Head();
  const images::ProgramFile newer{base::Sha256Of("newer"), 5};
  const images::ProgramFile arm{base::Sha256Of("arm"), 6};
  const auto set =
      EditToSet({}, {false, {{"aarch64", arm}}, {{"x86_64", newer}}}, {})(&current, kNow);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->agent, (images::Programs{{"aarch64", arm}, *current.agent.begin()}));
  EXPECT_EQ(set->fetch, (images::Programs{{"x86_64", newer}}));
  EXPECT_EQ(set->apps, current.apps);
  EXPECT_FALSE(EditToSet({}, {false, current.agent, current.fetch}, {})(&current, kNow));
  const auto without = EditToSet({}, {true, {}, {}}, {})(&current, kNow);
  ASSERT_TRUE(without);
  EXPECT_TRUE(without->agent.empty() && without->fetch.empty());
  EXPECT_FALSE(EditToSet({}, {true, {}, {}}, {})(&*without, kNow));
}

// Whatever changes a channel.
TEST(HeadEditsTest, ProgramsStay) {
  const ChannelHead current = tests::Head();
  const OldHeadChoice old = [](const ChannelHead& /*now*/) {
    ChannelHead out = tests::Head(41);
    out.agent.clear();
    out.fetch.clear();
    return out;
  };
  RolloutChange retry;
  retry.retry = true;
  for (const HeadEdit& edit :
       {EditToPublish({{"web", {tests::Variant("2")}}}, {}), EditToRemove({"db"}, {}),
        EditToHold(true, {}), EditToRenew({}), EditToRollBack(old, {}), EditToSet(retry, {}, {})}) {
    const auto head = edit(&current, kNow);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->agent, current.agent);
    EXPECT_EQ(head->fetch, current.fetch);
  }
}

TEST(HeadEditsTest, WhatIsNotThereIsNotRemoved) {
  const ChannelHead current = tests::Head();  // of db and web
  const auto remove = [&](const std::string& name) {
    return tests::ErrorOf([&] { EditToRemove({"db", name}, {})(&current, kNow); });
  };
  EXPECT_EQ(remove("webb").code(), base::ExitCode::kUsage);
  EXPECT_STREQ(remove("webb").what(), "channel web has no application 'webb': did you mean web?");
  EXPECT_STREQ(remove("postgres").what(),
               "channel web has no application 'postgres': it has db, web");
}

TEST(HeadEditsTest, WavesAndTimesThatAreNone) {
  for (const char* text : {"", "10", "101%", "x%", "10%,5%", "10%+1h,20%+1m", "@", "10%+", "+1h",
                           "10%+1x", "@canary5%"}) {
    EXPECT_EQ(tests::ErrorOf([&] { ParseWaves(text); }).code(), base::ExitCode::kUsage) << text;
  }
  EXPECT_EQ(ParseDuration("90", "x"), seconds(90));
  EXPECT_EQ(ParseDuration("2d", "x"), days(2));
  EXPECT_EQ(DurationText(days(2)), "2d");
  EXPECT_EQ(DurationText(seconds(90)), "90s");
  EXPECT_EQ(tests::ErrorOf([] { ParseDuration("400d", "x"); }).code(), base::ExitCode::kUsage);
}

}  // namespace
}  // namespace pusher
