#include "activator/prune.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <ctime>

#include "base/atomic_file.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class PruneTest : public HostTest {
 protected:
  PruneTest() {
    for (const char* program : {"one", "two", "fail", "four", "five"}) {
      ActivateNumber(Stage("web", program));
    }
  }
  PrunePlan Keep(uint64_t keep) {
    PruneOptions options;
    options.keep = keep;
    return PlanPrune(layout, options, {});
  }
};

TEST_F(PruneTest, KeepsTheLastHealthyOnes) {
  EXPECT_THAT(Keep(3).generations, ElementsAre(1, 3));
  EXPECT_THAT(Keep(2).generations, ElementsAre(1, 2, 3));
  // What --rollback would go to stays, too.
  EXPECT_THAT(Keep(1).generations, ElementsAre(1, 2, 3));
}

TEST_F(PruneTest, KeepsTheActiveOneHoweverOldAndNewerStagedOnes) {
  ASSERT_EQ(ActivateNumber(1), 0);
  const uint64_t staged = Stage("web", "six");
  EXPECT_THAT(Keep(1).generations, ElementsAre(2, 3, 4));
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
  EXPECT_THAT(plan.generations, ElementsAre(1, 3));
  EXPECT_THAT(plan.versions, IsEmpty());
  EXPECT_THAT(plan.unreadable, SizeIs(1));
  Prune(layout, plan, "tester");
  EXPECT_THAT(layout.Versions(), SizeIs(5));
  // It keeps nobody from switching, either.
  EXPECT_EQ(ActivateNumber(Stage("web", "six")), 0) << error;
  EXPECT_EQ(StateOf(5), GenerationState::kSuperseded);
}

TEST_F(PruneTest, RemovesAgentsThatAreNotLinkedAndWereNotUsedForAMonth) {
  const base::TemporaryDirectory elsewhere(testing::TempDir(), "agents-");
  const auto put = [](const std::string& path, time_t days_ago) {
    base::WriteFileAtomically(path, "");
    const timespec then{::time(nullptr) - days_ago * 24 * 60 * 60, 0};
    const std::array<timespec, 2> times = {then, then};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
  };
  const auto agent = [](const std::string& directory, const std::string& content) {
    return base::RealPath(directory) + "/activate-" + base::Sha256Of(content).ToHex();
  };
  base::MakeDirectories(layout.Bin());
  const std::string bin = layout.Bin();
  put(agent(bin, "linked"), 100);
  put(agent(bin, "old"), 31);
  put(agent(bin, "used"), 29);
  put(bin + "/activate-something-else", 100);
  put(agent(elsewhere.path(), "old"), 31);
  base::ReplaceSymlink(base::BaseName(agent(bin, "linked")), bin + "/activate");
  const PrunePlan plan = Keep(5);
  EXPECT_THAT(plan.agents, ElementsAre(agent(bin, "old")));
  Prune(layout, plan, "tester");
  EXPECT_FALSE(base::Exists(agent(bin, "old")));
  EXPECT_TRUE(base::Exists(agent(bin, "used")));

  put(agent(elsewhere.path(), "linked"), 100);  // --agent-dir
  base::ReplaceSymlink(agent(elsewhere.path(), "linked"), bin + "/activate");
  EXPECT_THAT(Keep(5).agents,
              UnorderedElementsAre(agent(bin, "linked"), agent(elsewhere.path(), "old")));
  base::ReplaceSymlink("nowhere", bin + "/activate");  // which one is needed is not known
  EXPECT_THAT(Keep(5).agents, IsEmpty());
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
