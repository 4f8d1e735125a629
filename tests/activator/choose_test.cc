#include "activator/choose.h"

#include <gmock/gmock.h>

#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::HasSubstr;

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
  ASSERT_EQ(Run(Wanted::kRollback), 0) << error;
  EXPECT_EQ(CurrentGeneration(layout), 3U);
  EXPECT_EQ(StateOf(4), GenerationState::kRolledBack);
  // Further back, past the one that never was healthy and not forward again.
  ASSERT_EQ(Run(Wanted::kRollback), 0) << error;
  EXPECT_EQ(CurrentGeneration(layout), 1U);
  EXPECT_EQ(Run(Wanted::kRollback), 1);
  EXPECT_THAT(error, HasSubstr("no earlier generation"));
}

TEST_F(ChooseTest, TakesTheLatestStagedOne) {
  Stage("web", "one");
  Stage("web", "two");
  ASSERT_EQ(Run(Wanted::kLatest), 0) << error;
  EXPECT_EQ(CurrentGeneration(layout), 2U);
  EXPECT_EQ(Run(Wanted::kLatest), 0);  // nothing to do
}

TEST_F(ChooseTest, SaysWhatThereIs) {
  EXPECT_EQ(ActivateNumber(5), 1);
  EXPECT_THAT(error, HasSubstr("nothing was pushed"));
  Stage("web", "one");
  Stage("web", "two");
  EXPECT_EQ(ActivateNumber(5), 1);
  EXPECT_THAT(error, HasSubstr("there are: 1, 2"));
}

}  // namespace
}  // namespace activator
