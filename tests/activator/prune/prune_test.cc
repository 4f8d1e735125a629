#include "activator/prune/prune.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <ctime>

#include "activator/os/images_in_use.h"
#include "activator/state/switch_record.h"
#include "activator/state/version_locks.h"
#include "base/atomic_file.h"
#include "base/lock.h"
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

TEST_F(PruneTest, NeverRemovesAPinnedGeneration) {
  PruneOptions pins;
  pins.pin = {1, 3};
  Pin(layout, pins);
  EXPECT_THAT(Keep(1).generations, ElementsAre(2));
  Prune(layout, Keep(1), "tester");
  EXPECT_THAT(GenerationNumbers(layout), ElementsAre(1, 3, 4, 5));
  // A switch does not forget it.
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  ASSERT_EQ(ActivateNumber(5), 0) << error;
  EXPECT_TRUE(LoadGeneration(layout, 1).pinned);
  pins = {};
  pins.unpin = {1, 3};
  Pin(layout, pins);
  EXPECT_THAT(Keep(1).generations, ElementsAre(3, 4));
  pins.unpin = {9, 1};
  EXPECT_THROW(Pin(layout, pins), base::Error);
}

TEST_F(PruneTest, RemovesOnlyWhatWasLeftLongAgo) {
  const auto age = [&](uint64_t number, time_t days) {
    const timespec then{::time(nullptr) - days * 24 * 60 * 60, 0};
    const std::array<timespec, 2> times = {then, then};
    const std::string path = layout.Generation(number) + kGenerationFile;
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
  };
  age(1, 31);
  age(2, 29);
  age(3, 31);
  age(4, 31);  // what --rollback would take
  PruneOptions options;
  options.keep = 1;
  options.older_than_seconds = 30 * 24 * 60 * 60;
  EXPECT_THAT(PlanPrune(layout, options, {}).generations, ElementsAre(1, 3));
}

TEST_F(PruneTest, KeepsFewerWhereTheVersionsTakeTooMuch) {
  PruneOptions options;
  options.keep = 5;
  EXPECT_THAT(PlanPrune(layout, options, {}).generations, ElementsAre(3));
  const uint64_t all = PlanPrune(layout, options, {}).held_bytes;
  options.max_bytes = all - 1;
  const PrunePlan one_less = PlanPrune(layout, options, {});
  EXPECT_THAT(one_less.generations, ElementsAre(1, 3));  // the one that was healthy longest ago
  EXPECT_LE(one_less.held_bytes, *options.max_bytes);
  options.max_bytes = 0;  // not to be had: the active one and the one before stay
  EXPECT_THAT(PlanPrune(layout, options, {}).generations, ElementsAre(1, 2, 3));
}

TEST_F(PruneTest, KeepsTheActiveOneWhereCurrentIsLost) {
  ASSERT_EQ(ActivateNumber(1), 0) << error;
  PruneOptions options;
  options.max_bytes = 0;
  base::Unlink(layout.Current());
  EXPECT_THAT(PlanPrune(layout, options, {}).generations, ElementsAre(2, 3, 4));
  base::ReplaceSymlink("generations/99", layout.Current());
  EXPECT_THAT(PlanPrune(layout, options, {}).generations, ElementsAre(2, 3, 4));
}

TEST_F(PruneTest, KeepsStagedGenerationsThatCanStillBeActivated) {
  const uint64_t db = Stage("db", "db");
  const uint64_t web = Stage("web", "six");
  ASSERT_EQ(ActivateNumber(Stage("web", "seven")), 0) << error;
  const PrunePlan plan = Keep(9);
  EXPECT_THAT(plan.generations, ElementsAre(3, web));  // staged before, and overtaken
  EXPECT_EQ(StateOf(db), GenerationState::kStaged);
}

TEST_F(PruneTest, KeepsTheNewestOfManyStagedOnes) {
  const uint64_t db = Stage("db", "db");
  std::vector<uint64_t> staged;
  for (int i = 0; i < 12; ++i) {
    staged.push_back(Stage("web", "staged-" + std::to_string(i)));
  }
  EXPECT_THAT(Keep(9).generations, ElementsAre(3, staged[0], staged[1]));
  PruneOptions options;
  options.keep = 9;
  options.staged = 1;
  Prune(layout, PlanPrune(layout, options, {}), "tester");
  EXPECT_THAT(GenerationNumbers(layout), ElementsAre(1, 2, 4, 5, db, staged.back()));
}

TEST_F(PruneTest, LeavesAVersionThatIsMountedOrThatAUnitNames) {
  const Generation first = LoadGeneration(layout, 1);
  const std::string version = layout.Version("web", images::ImageId::Of(first.apps.at("web")));
  const struct stat image = *base::StatIfThere(version + "/image.erofs");
  PruneOptions options;
  options.keep = 1;
  const PrunePlan plan = PlanPrune(layout, options, {{image.st_dev, image.st_ino}});
  EXPECT_THAT(plan.kept_in_use, ElementsAre(version));
  EXPECT_THAT(plan.versions, SizeIs(2));
  systemd.root_images = {version + "/image.erofs"};
  EXPECT_TRUE(ImagesInUse(&systemd).contains({image.st_dev, image.st_ino}));
  EXPECT_THAT(ImagesInUse(nullptr), IsEmpty());
}

TEST_F(PruneTest, LeavesAVersionThatAnotherOneThatGoesHasMounted) {
  const std::string one =
      layout.Version("web", images::ImageId::Of(LoadGeneration(layout, 1).apps.at("web")));
  const std::string two =
      layout.Version("web", images::ImageId::Of(LoadGeneration(layout, 2).apps.at("web")));
  base::Unlink(two + "/image.erofs");
  ASSERT_EQ(::link((one + "/image.erofs").c_str(), (two + "/image.erofs").c_str()), 0);
  const struct stat image = *base::StatIfThere(one + "/image.erofs");
  PruneOptions options;
  options.keep = 1;
  EXPECT_THAT(PlanPrune(layout, options, {{image.st_dev, image.st_ino}}).kept_in_use,
              UnorderedElementsAre(one, two));
  EXPECT_THAT(PlanPrune(layout, options, {}).kept_in_use, IsEmpty());
}

TEST_F(PruneTest, LeavesWhatATransferReadsFrom) {
  const images::ImageId id = images::ImageId::Of(LoadGeneration(layout, 1).apps.at("web"));
  const std::string version = layout.Version("web", id);
  PrunePlan before = Keep(1);
  EXPECT_THAT(before.versions, SizeIs(3));
  {
    const VersionLocks push(layout);
    const VersionLocks other_push(layout);
    ASSERT_TRUE(push.Share(id));
    ASSERT_TRUE(other_push.Share(id));
    EXPECT_THAT(Keep(1).kept_for_push, ElementsAre(version));
    EXPECT_THAT(Keep(1).versions, SizeIs(2));
    const PrunePlan done = Prune(layout, before, "tester");  // planned before the push began
    EXPECT_TRUE(base::Exists(version));
    EXPECT_THAT(done.versions, SizeIs(2));
    EXPECT_THAT(done.kept_for_push, ElementsAre(version));
    EXPECT_LT(done.freed_bytes, before.freed_bytes);
    EXPECT_GT(done.held_bytes, before.held_bytes);
  }
  const VersionLocks prune(layout);
  ASSERT_TRUE(prune.Own(id));
  EXPECT_FALSE(VersionLocks(layout).Share(id));  // a push does not take it for held then
}

TEST_F(PruneTest, ATransferThatWentOnMeanwhileIsNotToldAsRemoved) {
  PrunePlan plan = Keep(5);
  const std::string going_on = layout.Incoming() + "/0123456789abcdef";
  base::MakeDirectories(going_on);
  const base::FileLock lock(going_on + "/lock", "the transfer", "a test");
  plan.incoming = {going_on};
  EXPECT_THAT(Prune(layout, plan, "tester").incoming, IsEmpty());
  EXPECT_TRUE(base::Exists(going_on));
}

TEST_F(PruneTest, KeepsWhatASwitchThatWasCutOffNeeds) {
  SwitchRecord record;
  record.activation_id = "id";
  record.from = 5;
  record.to = 1;
  WriteSwitchRecord(layout, record);
  EXPECT_THAT(Keep(1).generations, ElementsAre(2, 3));
}

}  // namespace
}  // namespace activator
