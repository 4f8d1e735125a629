// What others than the channel do with its applications.
#include "activator/pull/override.h"

#include "activator/pull/pull_problems.h"
#include "tests/activator/pull/pull_fixture.h"

namespace activator {
namespace {

using images::ChannelResult;
using testing::HasSubstr;
using testing::IsEmpty;

class OverrideTest : public PullTest {
 protected:
  OverrideTest() {
    web_ = Build("web", "1");
    Publish(Head(1, {{"web", web_}}));
    EXPECT_EQ(Pull().exit_code, 0);
  }
  // By bob, as imgpush does it.
  void PushOther(bool overrides) {
    const base::Sha256 other = Build("web", "other");
    const PushRules rules = RulesForPush(layout_, overrides);
    rules.prepare();
    rules.check("web");
    EXPECT_THAT(rules.take({{"web", other}, {"db", other}}, "bob"),
                testing::ElementsAre("web is kept for 24 hours, whatever channel web has"));
    RunToo("web", other);
    other_ = {{"web", other}};
  }

  base::Sha256 web_;
  Apps other_;
};

TEST_F(OverrideTest, APushOfTheChannelsIsRefusedUnlessItSaysSo) {
  const base::Error error = tests::ErrorOf([&] { PushOther(false); });
  EXPECT_EQ(error.code(), base::ExitCode::kUsage);
  EXPECT_THAT(error.what(), HasSubstr("web is in channel web"));
  EXPECT_THAT(error.what(), HasSubstr("--override"));
  const PushRules rules = RulesForPush(layout_, false);
  rules.prepare();
  rules.check("other");
}

TEST_F(OverrideTest, ItIsKeptForADay) {
  PushOther(true);
  EXPECT_EQ(Memory().overrides.at("web").by, "bob");
  PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(Report(result).result, ChannelResult::kOverridden);
  Publish(Head(2, {{"web", Build("web", "2")}}));
  EXPECT_EQ(Report(Pull()).result, ChannelResult::kOverridden);
  EXPECT_EQ(ActiveApps(layout_), other_);
  clock_.now += hours(25);
  result = Pull();
  EXPECT_EQ(Report(result).result, ChannelResult::kActive);
  EXPECT_NE(ActiveApps(layout_), other_);
  EXPECT_THAT(Memory().overrides, IsEmpty());
}

TEST_F(OverrideTest, ItEndsWhenItIsToldTo) {
  PushOther(true);
  EXPECT_EQ(Report(Pull()).result, ChannelResult::kOverridden);
  EXPECT_EQ(RunPull(layout_, {{}, {}, true}, steps_).exit_code, 0);
  fetch_.Wait();
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"web", web_}}));
  EXPECT_THAT(Memory().overrides, IsEmpty());
}

TEST_F(OverrideTest, WhatTheChannelRemovesMeanwhileGoesAfterwards) {
  PushOther(true);
  Publish(Head(2, {}));
  EXPECT_EQ(Report(Pull()).result, ChannelResult::kOverridden);
  EXPECT_EQ(ActiveApps(layout_), other_);
  clock_.now += hours(25);
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_THAT(ActiveApps(layout_), IsEmpty());
}

TEST_F(OverrideTest, OneThatComesWhileTheSetIsFetchedCounts) {
  Publish(Head(2, {{"web", Build("web", "2")}}));
  fetch_.before = [this](const std::string& op) {
    if (op.starts_with("play")) {
      UpdateMemory(layout_, "web",
                   [this](images::HostMemory& memory) { memory.Pin("web", "bob", clock_.now); });
    }
  };
  const PullResult result = Pull();
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(Report(result).error, HasSubstr("web was taken by bob meanwhile"));
  EXPECT_THAT(activated_, IsEmpty());
  EXPECT_EQ(ActiveApps(layout_), (Apps{{"web", web_}}));
  EXPECT_TRUE(Memory().overrides.contains("web"));
}

TEST_F(OverrideTest, WhatAnActivationHereChangedComesBackUnlessItIsKept) {
  EXPECT_THAT(FindDifferences(layout_, clock_.now), IsEmpty());
  RunToo("web", Build("web", "other"));
  const std::vector<DiffersFromChannel> found = FindDifferences(layout_, clock_.now);
  EXPECT_THAT(found, testing::ElementsAre(DiffersFromChannel{"web", "web"}));
  const Apps other = ActiveApps(layout_);
  Pin(layout_, found, "root", clock_.now);
  EXPECT_THAT(FindDifferences(layout_, clock_.now), IsEmpty());
  EXPECT_EQ(Report(Pull()).result, ChannelResult::kOverridden);
  EXPECT_EQ(ActiveApps(layout_), other);
}

// A rollback to what the channel had written down last, while a pull is at it.
TEST_F(OverrideTest, WhatAnActivationChangedIsKeptWhateverTheChannelHasWrittenDown) {
  const Apps newer = {{"web", Build("web", "2")}};
  EXPECT_THAT(FindDifferences(layout_, clock_.now), IsEmpty());
  EXPECT_THAT(FindDifferences(layout_, clock_.now, newer),
              testing::ElementsAre(DiffersFromChannel{"web", "web"}));
  EXPECT_THAT(FindDifferences(layout_, clock_.now, ActiveApps(layout_)), IsEmpty());
  // Also where one is kept already: for 24 hours from now.
  Pin(layout_, {{"web", "web"}}, "bob", clock_.now - hours(23));
  EXPECT_THAT(FindDifferences(layout_, clock_.now, newer),
              testing::ElementsAre(DiffersFromChannel{"web", "web"}));
}

// Under the host's lock, where nobody can take it any more.
TEST_F(OverrideTest, AnActivationOfTheChannelChangesNothingThatIsKept) {
  const base::Sha256 db = Build("db", "1");
  RunToo("db", db);
  const uint64_t of_channel = ActiveGeneration(layout_);
  RunToo("db", Build("db", "2"));
  UpdateMemory(layout_, "web",
               [&](images::HostMemory& memory) { memory.Pin("db", "bob", clock_.now); });
  RequireNotKept(layout_, "web", ActiveGeneration(layout_), clock_.now);
  const base::Error error =
      tests::ErrorOf([&] { RequireNotKept(layout_, "web", of_channel, clock_.now); });
  EXPECT_EQ(error.code(), base::ExitCode::kBusy);
  EXPECT_THAT(error.what(), HasSubstr("db was taken by bob"));
  RequireNotKept(layout_, "web", of_channel, clock_.now + hours(25));
}

TEST_F(OverrideTest, WhatAPullTookMeanwhileIsTheChannels) {
  const PushRules rules = RulesForPush(layout_, false);
  rules.prepare();
  rules.check("db");
  const base::Sha256 db = Build("db", "1");
  RequireAllowed(rules, {{"db", db}});
  Publish(Head(2, {{"web", web_}, {"db", db}}));
  EXPECT_EQ(Pull().exit_code, 0);
  EXPECT_EQ(tests::ErrorOf([&] {
              RequireAllowed(rules, {{"db", db}});
            }).code(),
            base::ExitCode::kUsage);
}

TEST_F(OverrideTest, AMemoryThatCannotBeReadHasNoSay) {
  base::WriteFileAtomically(MemoryFile(layout_, "web"), "{");
  const PushRules rules = RulesForPush(layout_, false);
  rules.prepare();
  rules.check("web");
  EXPECT_THAT(FindDifferences(layout_, clock_.now), IsEmpty());
  EXPECT_THAT(PullProblems(layout_, nullptr),
              testing::ElementsAre(HasSubstr("nothing of channel web is fetched")));
}

TEST_F(OverrideTest, WithoutAReadableConfigurationNothingIsPushedUnlessItSaysSo) {
  EXPECT_THAT(PullProblems(layout_, nullptr), IsEmpty());
  base::WriteFileAtomically(ConfigFile(layout_), "{\"format\":1,");
  EXPECT_THAT(PullProblems(layout_, nullptr), testing::ElementsAre(HasSubstr("config.json: ")));
  const base::Error error = tests::ErrorOf([&] { RulesForPush(layout_, false).prepare(); });
  EXPECT_EQ(error.code(), base::ExitCode::kFailed);
  EXPECT_THAT(error.what(), HasSubstr("imgpush channel enroll"));
  RulesForPush(layout_, true).prepare();
  base::Unlink(ConfigFile(layout_));
  EXPECT_THAT(PullProblems(layout_, nullptr), IsEmpty());
  RulesForPush(layout_, false).prepare();
}

}  // namespace
}  // namespace activator
