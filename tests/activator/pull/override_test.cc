// What others than the channel do with its applications.
#include "activator/pull/override.h"

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
    rules.take({{"web", other}}, "bob");
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
  EXPECT_THAT(Report(result).error, HasSubstr("web was pushed by bob meanwhile"));
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

TEST_F(OverrideTest, AMemoryThatCannotBeReadHasNoSay) {
  base::WriteFileAtomically(MemoryFile(layout_, "web"), "{");
  const PushRules rules = RulesForPush(layout_, false);
  rules.prepare();
  rules.check("web");
  EXPECT_THAT(FindDifferences(layout_, clock_.now), IsEmpty());
}

}  // namespace
}  // namespace activator
