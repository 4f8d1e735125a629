#include "activator/prune.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PruneTest : public HostTest {
 protected:
  PruneTest() {
    for (const char* program : {"one", "two", "fail", "four", "five"}) {
      ActivateNumber(Stage("web", program));
    }
  }
  PrunePlan Keep(uint64_t keep) { return PlanPrune(layout, keep); }
};

TEST_F(PruneTest, KeepsTheLastHealthyOnes) {
  EXPECT_THAT(Keep(3).generations, ElementsAre(1, 3));
  EXPECT_THAT(Keep(2).generations, ElementsAre(1, 2, 3));
  EXPECT_THAT(Keep(1).generations, ElementsAre(1, 2, 3, 4));
}

TEST_F(PruneTest, KeepsTheActiveOneHoweverOldAndNewerStagedOnes) {
  ASSERT_EQ(ActivateNumber(1), 0);
  const uint64_t staged = Stage("web", "six");
  EXPECT_THAT(Keep(1).generations, ElementsAre(2, 3, 4, 5));
  EXPECT_EQ(StateOf(staged), GenerationState::kStaged);
}

TEST_F(PruneTest, RemovesVersionsThatNothingNamesAnyMore) {
  const PrunePlan plan = Keep(2);
  EXPECT_THAT(plan.versions, SizeIs(3));
  EXPECT_GT(plan.freed_bytes, 0U);
  Prune(layout, plan, "tester");
  EXPECT_THAT(GenerationNumbers(layout), ElementsAre(4, 5));
  EXPECT_THAT(layout.Versions(), SizeIs(2));
  EXPECT_TRUE(Keep(2).IsEmpty());
  EXPECT_EQ(Stage("web", "six"), 6U);
}

TEST_F(PruneTest, LeavesAVersionThatWasNotStagedYet) {
  const base::Sha256 digest = Push("db", "db");
  Prune(layout, Keep(1), "tester");
  EXPECT_TRUE(base::Exists(layout.Version("db", images::ImageId::Of(digest))));
}

TEST_F(PruneTest, LeavesOthersTemporaryFilesAndRecentTransfers) {
  base::MakeDirectories(layout.Incoming() + "/0123456789abcdef");
  Write(layout.root() + "/web/.slipway-tmp-0123", "in flight");
  Prune(layout, Keep(1), "tester");
  EXPECT_TRUE(base::Exists(layout.Incoming() + "/0123456789abcdef"));
  EXPECT_TRUE(base::Exists(layout.root() + "/web/.slipway-tmp-0123"));
}

TEST_F(PruneTest, KeepsEveryVersionWhileAGenerationCannotBeRead) {
  Write(layout.Generation(4) + "/generation.json", "{}");
  const PrunePlan plan = Keep(1);
  EXPECT_THAT(plan.generations, ElementsAre(1, 2, 3));
  EXPECT_THAT(plan.versions, IsEmpty());
  EXPECT_THAT(plan.unreadable, SizeIs(1));
  Prune(layout, plan, "tester");
  EXPECT_THAT(layout.Versions(), SizeIs(5));
  // It keeps nobody from switching, either.
  EXPECT_EQ(ActivateNumber(Stage("web", "six")), 0) << error;
  EXPECT_EQ(StateOf(5), GenerationState::kSuperseded);
}

TEST_F(PruneTest, FinishesAPruneThatWasCutOff) {
  base::MakeDirectories(layout.root() + "/web/.slipway-tmp-pruned-0123/x");
  const PrunePlan plan = Keep(5);
  EXPECT_THAT(plan.leftovers, SizeIs(1));
  Prune(layout, plan, "tester");
  EXPECT_FALSE(base::Exists(layout.root() + "/web/.slipway-tmp-pruned-0123"));
}

}  // namespace
}  // namespace activator
