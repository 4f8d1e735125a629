// What a pull does about how its activations end: tried again, tried once more, or not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/activator/pull/pull_fixture.h"

namespace activator {
namespace {

using images::ChannelResult;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(PullTest, ASetThatFailedIsNotTriedAgainUntilItIsAskedFor) {
  const base::Sha256 first = Build("web", "1");
  Publish(Head(1, {{"web", first}}));
  EXPECT_EQ(Pull().exit_code, 0);
  images::ChannelHead bad = Head(2, {{"web", Build("web", "2")}});
  Publish(bad);
  activation_ = {3, "web.service failed"};
  PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(Report(result).result, ChannelResult::kRolledBack);
  EXPECT_THAT(Told().channels.at("web").error, HasSubstr(activation_.why));
  for (int times = 0; times < 3; ++times) {
    result = Pull();
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(activated_, IsEmpty());
    EXPECT_EQ(Report(result).error,
              "generation 2 was not activated: web.service failed; channel web, version 2 failed "
              "on this host and is not tried again: publish another set, or this one with another "
              "retry");
  }
  bad.version = 3;
  bad.rollout.retry = 1;
  Publish(bad);
  activation_ = {};
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(Memory().applied->version, 3U);
}

TEST_F(PullTest, WhatIsRefusedIsCheckedAgain) {
  Publish(Head(1, {{"web", Build("web", "1")}}));
  for (const char* why : {"port 80 is taken", "port 81 is taken", "port 80 is taken"}) {
    activation_ = {1, why};
    const PullResult result = Pull();
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(Report(result).result, ChannelResult::kFailed);
    EXPECT_THAT(Report(result).error, HasSubstr(why));
    EXPECT_EQ(Memory().applied, std::nullopt);
  }
  activation_ = {};
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_THAT(activated_, ElementsAre(1));  // the one that was staged then
}

// As after a power cut: nobody knows whether the set is good.
TEST_F(PullTest, ASwitchThatWasCutOffIsTriedOnceMore) {
  const base::Sha256 first = Build("web", "1");
  Publish(Head(1, {{"web", first}}));
  EXPECT_EQ(Pull().exit_code, 0);
  Publish(Head(2, {{"web", Build("web", "2")}}));
  activation_ = {3, "the switch was cut off"};
  cut_off_ = true;
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(Report(result).error, HasSubstr("the next poll tries once more"));
  EXPECT_THAT(Memory().failed, IsEmpty());
  EXPECT_EQ(Pull().exit_code, 3);
  EXPECT_THAT(activated_, ElementsAre(3));
  EXPECT_EQ(Pull().exit_code, 3);
  EXPECT_THAT(activated_, IsEmpty());
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"web", first}}));
}

TEST_F(PullTest, OneThatIsWellTheSecondTimeDoesNotCountAsFailed) {
  Publish(Head(1, {{"web", Build("web", "1")}}));
  activation_ = {3, "the switch was cut off"};
  cut_off_ = true;
  EXPECT_EQ(Pull().exit_code, 5);
  activation_ = {};
  cut_off_ = false;
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_THAT(Memory().failed, IsEmpty());
}

TEST_F(PullTest, WhereNotEvenTheOldCameUpTheSetIsNotTriedAgain) {
  Publish(Head(1, {{"web", Build("web", "1")}}));
  EXPECT_EQ(Pull().exit_code, 0);
  Publish(Head(2, {{"web", Build("web", "2")}}));
  activation_ = {4, "web.service failed"};
  unhealthy_ = "web.service is down";
  PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(Report(result).result, ChannelResult::kRolledBack);
  EXPECT_EQ(Memory().failed.size(), 1U);
  result = Pull();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(Report(result).error, HasSubstr(unhealthy_));
  EXPECT_THAT(activated_, IsEmpty());
  unhealthy_.clear();
  EXPECT_EQ(Pull().exit_code, 3);
}

TEST_F(PullTest, WhatNeedsAttentionIsToldUntilItIsWell) {
  Publish(Head(1, {{"web", Build("web", "1")}}));
  activation_ = {4, "db.service is down"};
  activation_event_ = "activated";
  unhealthy_ = activation_.why;
  PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(Report(result).result, ChannelResult::kActive);
  EXPECT_THAT(Memory().failed, IsEmpty());
  fetch_.before = [](const std::string& op) {
    if (op.starts_with("get ")) {
      base::Fail(base::ExitCode::kFailed, "403");
    }
  };
  for (int polls = 0; polls < 2; ++polls) {
    result = Pull();
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_EQ(Report(result).error, unhealthy_);
    fetch_.before = nullptr;
  }
  EXPECT_EQ(Report(result).result, ChannelResult::kActive);
  unhealthy_.clear();
  result = Pull();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(Report(result).error, "");
}

TEST_F(PullTest, WhatTheHostWentBackFromAfterABootFailed) {
  const base::Sha256 first = Build("web", "1");
  Publish(Head(1, {{"web", first}}));
  EXPECT_EQ(Pull().exit_code, 0);
  images::ChannelHead bad = Head(2, {{"web", Build("web", "2")}});
  Publish(bad);
  EXPECT_EQ(Pull().exit_code, 0);
  Event back;
  back.event = "activated";
  back.what = "after_boot";
  back.activation_id = "another";
  back.generation = 1;
  back.from = 2;
  RecordEvent(layout_, back);
  MakeActive(1);
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(Report(result).result, ChannelResult::kRolledBack);
  EXPECT_THAT(Report(result).error, HasSubstr("after a boot"));
  EXPECT_THAT(activated_, IsEmpty());
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"web", first}}));
  bad.version = 3;
  bad.rollout.retry = 1;
  Publish(bad);
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_NE(ActiveApps(layout_), (Apps{{"web", first}}));
}

}  // namespace
}  // namespace activator
