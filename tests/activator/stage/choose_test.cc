#include "activator/stage/choose.h"

#include <gmock/gmock.h>

#include "activator/prune/prune.h"
#include "activator/prune/retention.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ChooseTest : public HostTest {};

TEST_F(ChooseTest, StagesOnTopOfTheActiveGeneration) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const StagedGeneration staged =
      StageGeneration(layout, {{"db", Push("db", "db")}}, "root from 10.0.0.1");
  EXPECT_TRUE(staged.created);
  const Generation generation = LoadGeneration(layout, staged.number);
  EXPECT_EQ(generation.parent, 1U);
  EXPECT_EQ(generation.apps.size(), 2U);
  EXPECT_EQ(generation.changes.size(), 1U);
  EXPECT_EQ(generation.by, "root from 10.0.0.1");
  EXPECT_EQ(UnitTexts(layout, staged.number).size(), 2U);
}

TEST_F(ChooseTest, StagesTheSameOnce) {
  const auto digest = Push("web", "one");
  EXPECT_TRUE(StageGeneration(layout, {{"web", digest}}, "").created);
  const StagedGeneration again = StageGeneration(layout, {{"web", digest}}, "");
  EXPECT_FALSE(again.created);
  EXPECT_FALSE(again.active);
  ASSERT_EQ(ActivateNumber(again.number), 0);
  EXPECT_TRUE(StageGeneration(layout, {{"web", digest}}, "").active);
}

TEST_F(ChooseTest, RefusesTwoServicesOfOneName) {
  const auto one = Push("web", "one", {"http"});
  const auto other = Push("proxy", "two", {"http"});
  try {
    StageGeneration(layout, {{"web", one}, {"proxy", other}}, "");
    FAIL();
  } catch (const base::Error& thrown) {
    EXPECT_THAT(thrown.what(), HasSubstr("http.service"));
  }
  EXPECT_TRUE(GenerationNumbers(layout).empty());
}

TEST_F(ChooseTest, AVersionThatIsGoneIsNamedWithTheRemedy) {
  const auto web = Push("web", "one");
  ASSERT_EQ(ActivateNumber(StageGeneration(layout, {{"web", web}}, "").number), 0);
  const std::string version = layout.Version("web", images::ImageId::Of(web));
  base::RemoveTree(version);
  const auto db = Push("db", "db");
  try {
    StageGeneration(layout, {{"db", db}}, "");
    FAIL();
  } catch (const base::Error& thrown) {
    EXPECT_THAT(thrown.what(),
                HasSubstr("web " + base::BaseName(version) +
                          ", which the generation also has, is missing or damaged here"));
    EXPECT_THAT(thrown.what(), HasSubstr("; push web too"));
  }
  Push("web", "one");
  EXPECT_TRUE(StageGeneration(layout, {{"db", db}, {"web", web}}, "").created);
}

TEST_F(ChooseTest, NeverGivesANumberTwice) {
  EXPECT_EQ(Stage("web", "one"), 1U);
  EXPECT_EQ(Stage("web", "two"), 2U);
  base::RemoveTree(layout.Generation(2));
  EXPECT_EQ(Stage("web", "three"), 3U);
}

TEST_F(ChooseTest, RebasesChangesOfOtherApplications) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const uint64_t db = Stage("db", "db");
  const uint64_t web = Stage("web", "two");
  ASSERT_EQ(ActivateNumber(db), 0);
  ASSERT_EQ(ActivateNumber(web), 0) << error;
  EXPECT_EQ(CurrentGeneration(layout), 4U);
  EXPECT_EQ(RunningProgram("web.service"), "two");
  EXPECT_EQ(RunningProgram("db.service"), "db");
  EXPECT_EQ(StateOf(web), GenerationState::kSuperseded);
}

TEST_F(ChooseTest, APinGoesWithTheChanges) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const uint64_t db = Stage("db", "db");
  const uint64_t web = Stage("web", "two");
  PruneOptions pin;
  pin.pin = {web};
  Pin(layout, pin);
  ASSERT_EQ(ActivateNumber(db), 0);
  ASSERT_EQ(ActivateNumber(web), 0) << error;
  EXPECT_TRUE(LoadGeneration(layout, CurrentGeneration(layout)).pinned);
  EXPECT_FALSE(LoadGeneration(layout, web).pinned);
  EXPECT_FALSE(LoadGeneration(layout, db).pinned);
}

TEST_F(ChooseTest, RefusesOverlappingChanges) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const uint64_t two = Stage("web", "two");
  const uint64_t three = Stage("web", "three");
  ASSERT_EQ(ActivateNumber(three), 0);
  EXPECT_EQ(ActivateNumber(two), 8);
  EXPECT_THAT(error, HasSubstr("web"));
  EXPECT_EQ(CurrentGeneration(layout), three);
}

TEST_F(ChooseTest, ActivatesAnOldGenerationExactlyAsItWas) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  ASSERT_EQ(ActivateNumber(Stage("db", "db")), 0);
  ASSERT_EQ(ActivateNumber(Stage("web", "two")), 0);
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  EXPECT_EQ(CurrentGeneration(layout), 1U);
  EXPECT_FALSE(systemd.IsActive("db.service"));
}

TEST_F(ChooseTest, RollsBackToTheLastHealthyOne) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  ASSERT_EQ(ActivateNumber(Stage("web", "fail")), 3);
  ASSERT_EQ(ActivateNumber(Stage("web", "three")), 0);
  ASSERT_EQ(ActivateNumber(Stage("web", "four")), 0);
  ASSERT_EQ(Run(TargetKind::kRollback), 0) << error;
  EXPECT_EQ(CurrentGeneration(layout), 3U);
  EXPECT_EQ(StateOf(4), GenerationState::kRolledBack);
  // Further back, past the one that never was healthy and not forward again.
  ASSERT_EQ(Run(TargetKind::kRollback), 0) << error;
  EXPECT_EQ(CurrentGeneration(layout), 1U);
  EXPECT_EQ(Run(TargetKind::kRollback), 1);
  EXPECT_THAT(error, HasSubstr("no earlier generation"));
}

TEST_F(ChooseTest, RollsBackPastWhatIsTheSameAsNow) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  ASSERT_EQ(ActivateNumber(Stage("web", "two")), 0);
  ASSERT_EQ(ActivateNumber(Stage("web", "three")), 0);
  ActivationRequest request;
  request.kind = TargetKind::kRollback;
  request.name = "web";
  request.activation_id = "by-name";
  Activate(host, request);  // generation 4, which is what generation 2 was
  ASSERT_EQ(RunningProgram("web.service"), "two");
  const std::vector<Generation> all = LoadGenerations(layout);
  EXPECT_TRUE(WhatToKeep(all, {4, {}, 1, 0, {}}).always.contains(1));
  ASSERT_EQ(Run(TargetKind::kRollback), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
}

TEST_F(ChooseTest, TakesTheLatestStagedOne) {
  Stage("web", "one");
  Stage("web", "two");
  ASSERT_EQ(Run(TargetKind::kLatest), 0) << error;
  EXPECT_EQ(CurrentGeneration(layout), 2U);
  EXPECT_EQ(Run(TargetKind::kLatest), 0);  // nothing to do
  // But what is down is started, as by its number.
  systemd.StopByHand("web.service");
  EXPECT_EQ(Run(TargetKind::kLatest), 0) << error;
  EXPECT_TRUE(systemd.IsActive("web.service"));
}

// It was replaced by one that did not work: nobody means it by "the latest".
TEST_F(ChooseTest, TheLatestIsNeverOneThatANewerPushReplaced) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const uint64_t old = Stage("web", "two");
  ASSERT_EQ(ActivateNumber(Stage("web", "fail")), 3);
  EXPECT_EQ(Run(TargetKind::kLatest), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_THAT(Resolve(layout, {TargetKind::kLatest, 0, "", {}}).note,
              testing::StartsWith("no generation is staged; generation 3 was tried ("));
  // Nor after one that was healthy and was left again.
  ASSERT_EQ(ActivateNumber(Stage("web", "four")), 0);
  ASSERT_EQ(Run(TargetKind::kRollback), 0) << error;
  EXPECT_EQ(Run(TargetKind::kLatest), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
  ASSERT_EQ(ActivateNumber(old), 0) << error;  // by its number
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

TEST_F(ChooseTest, AnOlderStagedOneIsNamedWhereItHasSomethingOfItsOwnAlone) {
  const auto note = [&] { return Resolve(layout, {TargetKind::kLatest, 0, "", {}}).note; };
  Stage("web", "one");
  ASSERT_EQ(ActivateNumber(Stage("web", "two")), 0);
  EXPECT_EQ(note(), "no generation is staged");  // generation 1 was replaced
  Stage("db", "db");
  Stage("web", "three");
  EXPECT_EQ(note(),
            "generation 4, the latest, has nothing of generation 3, which is staged too: "
            "`activate --generation 3` takes it afterwards");
  ASSERT_EQ(Run(TargetKind::kLatest), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "three");
  EXPECT_EQ(note(),
            "no newer generation is staged; `activate --generation 3` takes the older one "
            "that is");
  ASSERT_EQ(ActivateNumber(3), 0) << error;
  EXPECT_EQ(RunningProgram("db.service"), "db");
  EXPECT_EQ(RunningProgram("web.service"), "three");
  EXPECT_EQ(note(), "no generation is staged");
}

TEST_F(ChooseTest, TheLatestThatWasTriedIsNotTriedAgainUnnamed) {
  ASSERT_EQ(ActivateNumber(Stage("web", "fail")), 3);
  // Nothing runs: that is no success.
  EXPECT_EQ(Run(TargetKind::kLatest), 1);
  EXPECT_THAT(error,
              HasSubstr("nothing is active, and generation 1 was tried (web.service failed"));
  EXPECT_THAT(error, HasSubstr("`activate --generation 1` tries it again"));
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  ASSERT_EQ(ActivateNumber(Stage("web", "fail")), 3);
  EXPECT_EQ(Run(TargetKind::kLatest), 0);
  EXPECT_EQ(RunningProgram("web.service"), "one");
}

TEST_F(ChooseTest, SaysWhatThereIs) {
  EXPECT_EQ(ActivateNumber(5), 1);
  EXPECT_THAT(error, HasSubstr("nothing was pushed"));
  Stage("web", "one");
  Stage("web", "two");
  EXPECT_EQ(ActivateNumber(5), 1);
  EXPECT_THAT(error, HasSubstr("there are: 1, 2"));
  Stage("web", "three");
  Stage("web", "four");
  base::RemoveTree(layout.Generation(3));
  Stage("web", "five");
  Stage("web", "six");
  EXPECT_EQ(ActivateNumber(50), 1);
  EXPECT_THAT(error, HasSubstr("there is no generation 50; there are: 1, 2, 4 to 6"));
}

// Asks for versions of applications.
class VersionsTest : public ChooseTest {
 protected:
  int RunWish(const ActivationTarget& target) {
    ActivationRequest request;
    static_cast<ActivationTarget&>(request) = target;
    request.by = "tester";
    request.activation_id = "wish-" + std::to_string(++wishes_);
    error.clear();
    try {
      Activate(host, request);
      return 0;
    } catch (const base::Error& thrown) {
      error = thrown.what();
      return static_cast<int>(thrown.code());
    }
  }
  int Rollback(const std::string& name) { return RunWish({TargetKind::kRollback, 0, name, {}}); }
  int Set(const std::string& name, const base::Sha256& digest) {
    return RunWish({TargetKind::kVersions, 0, "", {{name, images::ImageId::Of(digest)}}});
  }
  int Remove(const std::string& name) {
    return RunWish({TargetKind::kVersions, 0, "", {{name, std::nullopt}}});
  }
  void Switch(const std::string& name, const std::string& program) {
    ASSERT_EQ(ActivateNumber(Stage(name, program)), 0) << error;
  }

 private:
  int wishes_ = 0;
};

TEST_F(VersionsTest, OneApplicationGoesBackAlone) {
  Switch("web", "one");
  Switch("web", "two");
  Switch("db", "db");
  Switch("web", "three");
  ASSERT_EQ(Rollback("web"), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "two");
  EXPECT_EQ(RunningProgram("db.service"), "db");
  EXPECT_EQ(CurrentGeneration(layout), 5U);  // on top of the active one
  // Further back, not forward again, although generation 3 ran the version before that, too.
  ASSERT_EQ(Rollback("web"), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
  EXPECT_EQ(Rollback("web"), 1);
  EXPECT_THAT(error, HasSubstr("no earlier version of web that was healthy"));
  EXPECT_EQ(RunningProgram("web.service"), "one");
}

TEST_F(VersionsTest, AVersionThatWasNeverHealthyIsPassedOver) {
  Switch("web", "one");
  ASSERT_EQ(ActivateNumber(Stage("web", "fail")), 3);
  Switch("web", "three");
  ASSERT_EQ(Rollback("web"), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "one");
}

TEST_F(VersionsTest, AVersionThatCameBackCountsAgain) {
  Switch("web", "one");
  Switch("web", "two");
  ASSERT_EQ(Rollback("web"), 0) << error;
  ASSERT_EQ(Set("web", Push("web", "two")), 0) << error;  // mended elsewhere
  Switch("web", "three");
  ASSERT_EQ(Rollback("web"), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "two");
}

TEST_F(VersionsTest, AnApplicationThatIsUnknownHasNoWayBack) {
  Switch("web", "one");
  EXPECT_EQ(Rollback("db"), 1);
  EXPECT_THAT(error, HasSubstr("no earlier version of db"));
  EXPECT_THAT(error, Not(HasSubstr("remove db")));
}

TEST_F(VersionsTest, SetsOneApplicationAndLeavesTheOthers) {
  Switch("web", "one");
  Switch("db", "db");
  const base::Sha256 two = Push("web", "two");
  ASSERT_EQ(Set("web", two), 0) << error;
  EXPECT_EQ(RunningProgram("web.service"), "two");
  EXPECT_EQ(RunningProgram("db.service"), "db");
  const uint64_t now = CurrentGeneration(layout);
  ASSERT_EQ(Set("web", two), 0) << error;  // nothing to do
  EXPECT_EQ(CurrentGeneration(layout), now);
  EXPECT_EQ(Set("web", base::Sha256Of("other")), 1);
  EXPECT_THAT(error, HasSubstr(images::ImageId::Of(two).text()));  // what there is
  EXPECT_EQ(Set("nothing", two), 1);
  EXPECT_THAT(error, HasSubstr("push it first"));
}

TEST_F(VersionsTest, RemovesAnApplicationAndBringsItBack) {
  Switch("web", "one");
  Switch("db", "db");
  ASSERT_EQ(Remove("web"), 0) << error;
  EXPECT_FALSE(systemd.IsActive("web.service"));
  EXPECT_TRUE(systemd.IsActive("db.service"));
  EXPECT_FALSE(base::LstatIfThere(units + "/web.service"));
  EXPECT_EQ(Remove("web"), 1);
  EXPECT_THAT(error, HasSubstr("there are: db"));
  ASSERT_EQ(Rollback("web"), 0) << error;
  EXPECT_TRUE(systemd.IsActive("web.service"));
}

TEST_F(VersionsTest, AWishBecomesArgumentsAndBack) {
  const images::ImageId id = images::ImageId::Of(base::Sha256Of("x"));
  const ActivationTarget target = {
      TargetKind::kVersions, 0, "", {{"web", id}, {"db", std::nullopt}}};
  EXPECT_THAT(ToArguments(target),
              testing::ElementsAre("--without", "db", "--set", "web=" + id.text()));
  EXPECT_EQ(ToText(target), "remove db --set web=" + id.text());
  EXPECT_THAT(ToArguments({TargetKind::kRollback, 0, "list", {}}),
              testing::ElementsAre("--rollback=list"));
}

TEST_F(VersionsTest, KnowsAStagedGenerationThatIsStale) {
  Switch("web", "one");
  const uint64_t db = Stage("db", "db");
  const uint64_t web = Stage("web", "two");
  Switch("web", "three");
  const Generation active = LoadGeneration(layout, CurrentGeneration(layout));
  EXPECT_FALSE(IsStale(LoadGeneration(layout, db), active));  // it can still be rebased
  EXPECT_TRUE(IsStale(LoadGeneration(layout, web), active));
  EXPECT_TRUE(IsStale(active, active));  // nothing in it
}

}  // namespace
}  // namespace activator
