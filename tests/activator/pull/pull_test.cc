// What a pull does with heads: taken, refused, waited for, removed.
#include "activator/pull/pull.h"

#include "base/lock.h"
#include "tests/activator/pull/pull_fixture.h"

namespace activator {
namespace {

using images::ChannelResult;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(PullTest, AHeadIsAppliedRememberedAndReported) {
  const base::Sha256 web = Build("web", "1");
  const base::Sha256 db = Build("db", "1");
  Publish(Head(1, {{"web", web}, {"db", db}}));
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 0) << Report(result).error;
  EXPECT_EQ(Report(result).result, ChannelResult::kActive);
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"db", db}, {"web", web}}));
  EXPECT_EQ(Memory().applied, (images::AppliedSet{1, 1, {{"db", db}, {"web", web}}}));
  EXPECT_EQ(LoadGeneration(layout_, 1).by, "channel web");
  EXPECT_EQ(Told(), result.state);
  EXPECT_GT(Report(result).fetched.requests, 0U);
  EXPECT_THAT(fetch_.asked, ElementsAre("get channels/web/head", testing::StartsWith("play "),
                                        "traffic", "put state/web1.json"));
  EXPECT_TRUE(base::Exists(layout_.Version("web", images::ImageId::Of(web)) + "/release"));
}

TEST_F(PullTest, WithoutANewHeadNothingIsDoneAndNothingIsTold) {
  Publish(Head(1, {{"web", Build("web", "1")}}));
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_THAT(fetch_.asked, ElementsAre("get channels/web/head"));
  EXPECT_THAT(activated_, IsEmpty());
  clock_.now += hours(7);  // a sign of life
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_TRUE(fetch_.WasAsked("put state/web1.json"));
  EXPECT_EQ(Told().sequence, 2U);
}

// A report that says the same is as old as the first that said it.
TEST_F(PullTest, WhenEachChannelWasPolledIsKept) {
  config_.channels = {"base", "web"};
  Configure();
  Publish(Head(1, {{"web", Build("web", "1")}}));
  Publish(Head(1, {{"log", Build("log", "1")}}, "base"));
  const images::TimePoint first = clock_.now;
  EXPECT_EQ(Pull().polled, (images::PollTimes{{"base", first}, {"web", first}}));
  clock_.now += minutes(5);
  const PullResult result = Pull({"web"});
  EXPECT_EQ(result.state.time, first);
  EXPECT_EQ(result.polled, (images::PollTimes{{"base", first}, {"web", clock_.now}}));
  EXPECT_EQ(LoadPolled(layout_), result.polled);
  config_.channels = {"base"};
  Configure();
  base::RemoveTree(layout_.Trust());
  EXPECT_EQ(tests::ErrorOf([&] { Pull(); }).code(), base::ExitCode::kVerification);
  EXPECT_EQ(LoadPolled(layout_), (images::PollTimes{{"base", clock_.now}}));
}

TEST_F(PullTest, OnlyWhatChangedIsPlayedAndWhatOthersRunStays) {
  const base::Sha256 other = Build("other", "1");
  RunToo("other", other);
  const base::Sha256 db = Build("db", "1");
  Publish(Head(1, {{"web", Build("web", "1")}, {"db", db}}));
  EXPECT_EQ(Pull().exit_code, 0);
  const base::Sha256 web = Build("web", "2");
  Publish(Head(2, {{"web", web}, {"db", db}}));
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_TRUE(fetch_.WasAsked("play web"));
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"db", db}, {"other", other}, {"web", web}}));
}

TEST_F(PullTest, WhatTheChannelHasNoMoreIsRemoved) {
  const base::Sha256 db = Build("db", "1");
  Publish(Head(1, {{"web", Build("web", "1")}, {"db", db}}));
  EXPECT_EQ(Pull().exit_code, 0);
  Publish(Head(2, {{"db", db}}));
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_FALSE(fetch_.WasAsked("play web"));
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"db", db}}));
  EXPECT_EQ(Memory().applied->apps, (images::ChosenApps{{"db", db}}));
}

TEST_F(PullTest, AnOldSetComesBackAlthoughItsReleaseIsOlder) {
  const base::Sha256 first = Build("web", "1");
  Publish(Head(1, {{"web", first}}));
  EXPECT_EQ(Pull().exit_code, 0);
  clock_.now += hours(1);
  Publish(Head(2, {{"web", Build("web", "2")}}));
  EXPECT_EQ(Pull().exit_code, 0);
  images::ChannelHead back = Head(3, {{"web", first}});
  back.rollout.urgent = true;
  Publish(back);
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 0) << Report(result).error;
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"web", first}}));
}

// Nothing of these is staged, remembered or activated.
TEST_F(PullTest, HeadsThatAreNotTaken) {
  const base::Sha256 first = Build("web", "1");
  Publish(Head(5, {{"web", first}}));
  EXPECT_EQ(Pull().exit_code, 0);
  const base::Sha256 next = Build("web", "2");
  const auto refused = [&](const std::string& why, int exit_code = 6) {
    const PullResult result = Pull();
    EXPECT_EQ(result.exit_code, exit_code);
    EXPECT_EQ(Report(result).result, ChannelResult::kFailed);
    EXPECT_THAT(Report(result).error, HasSubstr(why));
    EXPECT_EQ(SeenVersion(), 5U);
    EXPECT_EQ(ActiveApps(layout_), (Apps{{"web", first}}));
    EXPECT_EQ(GenerationNumbers(layout_).size(), 1U);
  };
  Publish(Head(6, {{"web", next}}), "eve");
  refused("signed by nobody this host trusts");
  Publish(Head(4, {{"web", next}}));
  refused("is older than 5");
  Publish(Head(5, {{"web", next}}));
  refused("is another one than the version 5");
  images::ChannelHead future = Head(6, {{"web", next}});
  future.created = clock_.now + hours(1);
  Publish(future);
  refused("set the clock of this host or of the publisher");
  Publish(Head(6, {{"web", next}}, "other"));
  fetch_.objects["channels/web/head"] = fetch_.objects["channels/other/head"];
  refused("is channel other");
  Publish(Head(6, {{"web", next}}));
  std::string& text = fetch_.objects["channels/web/head"];
  text.replace(text.find("\"version\":6"), 11, "\"version\":7");
  refused("");
  text = text.substr(0, text.find('\n') + 1);
  refused("");
  text = keys_.SignAs("slipway-release", Head(6, {{"web", next}}).Serialize(), "alice");
  refused("");
  fetch_.objects.erase("channels/web/head");  // a folder that is not mounted
  refused("has no channel web any more", 5);
}

TEST_F(PullTest, AnExpiredHeadStagesNothingAndAllRunsOn) {
  const base::Sha256 first = Build("web", "1");
  Publish(Head(1, {{"web", first}}));
  EXPECT_EQ(Pull().exit_code, 0);
  images::ChannelHead expired = Head(2, {{"web", Build("web", "2")}});
  expired.expires = clock_.now - minutes(1);
  Publish(expired);
  PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_EQ(Report(result).result, ChannelResult::kStale);
  EXPECT_THAT(Report(result).error, HasSubstr("expired"));
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"web", first}}));
  // By the store's clock, where ours is behind; and while the store has nothing new.
  Publish(Head(3, {{"web", first}}));
  EXPECT_EQ(Pull().exit_code, 0);
  fetch_.clock_offset = 8 * 86'400;
  result = Pull();
  EXPECT_EQ(Report(result).result, ChannelResult::kStale);
  EXPECT_EQ(Told().clock_offset_seconds, 8 * 86'400);
}

TEST_F(PullTest, WavesAndHoldAreFollowedWithoutANewHead) {
  images::ChannelHead head = Head(1, {{"web", Build("web", "1")}});
  head.rollout.hold = true;
  Publish(head);
  PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(Report(result).result, ChannelResult::kHeld);
  head.version = 2;
  head.rollout.hold = false;
  head.rollout.waves = {{{"canary"}, 0, seconds(0)}, {{}, 100, hours(3)}};
  Publish(head);
  result = Pull();
  EXPECT_EQ(Report(result).result, ChannelResult::kWaiting);
  EXPECT_EQ(Report(result).starts, head.created + hours(3));
  EXPECT_EQ(Told(), result.state);
  EXPECT_THAT(GenerationNumbers(layout_), IsEmpty());
  clock_.now += hours(2) + minutes(1);
  result = Pull();
  EXPECT_EQ(Report(result).result, ChannelResult::kActive);
  EXPECT_EQ(Report(result).starts, std::nullopt);
  EXPECT_THAT(activated_, ElementsAre(1));
}

TEST_F(PullTest, ACanaryStartsAndAnUrgentHeadDoesNotWait) {
  images::ChannelHead head = Head(1, {{"web", Build("web", "1")}});
  head.rollout.waves = {{{"canary"}, 0, seconds(0)}, {{}, 100, hours(3)}};
  Publish(head);
  EXPECT_EQ(Report(Pull()).result, ChannelResult::kWaiting);
  config_.groups = {"canary"};
  Configure();
  EXPECT_EQ(Report(Pull()).result, ChannelResult::kActive);
  config_.groups = {};
  Configure();
  images::ChannelHead next = Head(2, {{"web", Build("web", "2")}});
  next.rollout.waves = head.rollout.waves;
  Publish(next);
  EXPECT_EQ(Report(Pull()).result, ChannelResult::kWaiting);
  next.version = 3;
  next.rollout.urgent = true;
  Publish(next);
  EXPECT_EQ(Report(Pull()).result, ChannelResult::kActive);
}

// The pull was killed between the activation and its own record.
TEST_F(PullTest, WhatWasActivatedAndNotWrittenDownIs) {
  const base::Sha256 db = Build("db", "1");
  Publish(Head(1, {{"web", Build("web", "1")}, {"db", db}}));
  EXPECT_EQ(Pull().exit_code, 0);
  UpdateMemory(layout_, "web", [](images::HostMemory& memory) { memory.applied.reset(); });
  Publish(Head(2, {{"db", db}}));
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"db", db}}));
}

TEST_F(PullTest, ChannelsWithoutACommonApplicationDoNotDisturbEachOther) {
  config_.channels = {"base", "web"};
  Configure();
  const base::Sha256 web = Build("web", "1");
  const base::Sha256 log = Build("log", "1");
  Publish(Head(1, {{"web", web}}));
  Publish(Head(7, {{"log", log}}, "base"));
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"log", log}, {"web", web}}));
  Publish(Head(2, {}));
  EXPECT_EQ(Pull({"web"}).exit_code, 0);
  EXPECT_FALSE(fetch_.WasAsked("get channels/base/head"));
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"log", log}}));
  EXPECT_EQ(Told().channels.at("base").applied->version, 7U);
}

TEST_F(PullTest, AnApplicationOfTwoChannelsStopsBoth) {
  config_.channels = {"base", "web"};
  Configure();
  const base::Sha256 web = Build("web", "1");
  Publish(Head(1, {{"web", web}}));
  EXPECT_EQ(Pull({"web"}).exit_code, 0);
  Publish(Head(1, {{"web", Build("web", "2")}}, "base"));
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 1);
  for (const char* channel : {"base", "web"}) {
    EXPECT_THAT(Report(result, channel).error, HasSubstr("web is in channel")) << channel;
  }
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"web", web}}));
}

TEST_F(PullTest, AMemoryThatCannotBeReadStopsItsChannelAlone) {
  config_.channels = {"base", "web"};
  Configure();
  Publish(Head(1, {{"web", Build("web", "1")}}));
  Publish(Head(1, {{"log", Build("log", "1")}}, "base"));
  base::WriteFileAtomically(MemoryFile(layout_, "web"), "{");
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(Report(result).error, HasSubstr("nothing of channel web is fetched"));
  EXPECT_FALSE(fetch_.WasAsked("get channels/web/head"));
  EXPECT_EQ(Report(result, "base").result, ChannelResult::kActive);
  EXPECT_EQ(base::ReadFile(MemoryFile(layout_, "web")), "{");
}

TEST_F(PullTest, AKeyThatIsRevokedMakesTheHostAskForTheWholeHead) {
  Publish(Head(9, {{"web", Build("web", "1")}}));
  EXPECT_EQ(Pull().exit_code, 0);
  images::TrustTexts texts = keys_.TrustIn({"bob"});
  SetTrust(layout_, texts);
  EXPECT_EQ(Pull().exit_code, 6);
  // Its version binds nobody.
  Publish(Head(2, {{"web", Build("web", "2", "bob")}}), "bob");
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(SeenVersion(), 2U);
}

TEST_F(PullTest, WhatIsNotReleasedIsNotTaken) {
  Publish(Head(1, {{"web", Build("web", "1", "eve")}}));
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(Report(result).error, HasSubstr("nobody this host trusts"));
  EXPECT_THAT(GenerationNumbers(layout_), IsEmpty());
}

TEST_F(PullTest, ALabelIsNotTaken) {
  const base::Sha256 web = Build("web", "1");
  Publish(Head(1, {{"web", web}}));
  base::WriteFileAtomically(PathOf(web) + "/label", "2.0\n");
  EXPECT_EQ(Pull().exit_code, 6);
  ExpectNothingTaken("web", web);
}

TEST_F(PullTest, SomethingElseThanWhatWasAskedForIsNotTaken) {
  Publish(Head(1, {{"web", Build("web", "1")}}));
  for (const auto& [name, version] :
       std::vector<std::pair<std::string, std::string>>{{"other", "1"}, {"web", "2"}}) {
    const base::Sha256 digest = Build(name, version);
    fetch_.play_instead = PathOf(digest);
    EXPECT_EQ(Pull().exit_code, 6);
    ExpectNothingTaken(name, digest);
  }
  fetch_.play_instead.clear();
  EXPECT_EQ(Pull().exit_code, 0);
}

TEST_F(PullTest, OnlyOnePullAtATime) {
  Publish(Head(1, {{"web", Build("web", "1")}}));
  const base::FileLock lock(PullLock(layout_), "the pull of this host", "another");
  const base::Error error = tests::ErrorOf([&] { Pull(); });
  EXPECT_EQ(error.code(), base::ExitCode::kBusy);
  EXPECT_THAT(error.what(), HasSubstr("another"));
}

// Nobody comes to such a host to look.
TEST_F(PullTest, AHostWithoutTrustTellsTheStore) {
  base::RemoveTree(layout_.Trust());
  EXPECT_EQ(tests::ErrorOf([&] { Pull(); }).code(), base::ExitCode::kVerification);
  fetch_.Wait();
  EXPECT_THAT(fetch_.asked, ElementsAre("put state/web1.json"));
  EXPECT_THAT(Told().channels.at("web").error, HasSubstr("trusts nobody"));
  EXPECT_EQ(Told().channels.at("web").exit_code, 6U);
  EXPECT_EQ(tests::ErrorOf([&] { Pull(); }).code(), base::ExitCode::kVerification);
  fetch_.Wait();
  EXPECT_THAT(fetch_.asked, IsEmpty());  // it knows
  fetch_.before = [](const std::string& /*op*/) { base::Fail(base::ExitCode::kBusy, "later"); };
  clock_.now += hours(7);
  EXPECT_EQ(tests::ErrorOf([&] { Pull(); }).code(), base::ExitCode::kVerification);
}

TEST_F(PullTest, WhatIsNotSetUpIsSaid) {
  EXPECT_EQ(tests::ErrorOf([&] { Pull({"nothing"}); }).code(), base::ExitCode::kUsage);
  base::Unlink(ConfigFile(layout_));
  EXPECT_THAT(tests::MessageOf([&] { Pull(); }), HasSubstr("imgpush channel enroll"));
}

}  // namespace
}  // namespace activator
