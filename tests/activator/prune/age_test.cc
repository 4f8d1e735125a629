// What goes by its age, on a host whose clock may be anything.
#include "activator/prune/age.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>

#include "activator/prune/agents.h"
#include "activator/prune/prune.h"
#include "base/atomic_file.h"
#include "base/lock.h"
#include "base/sys.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr time_t kNow = 1'800'000'000;

TEST(Age, IsUnknownWhereTheClockIsWrong) {
  EXPECT_TRUE(IsOlderThan(kNow - 8 * kDay, 7 * kDay, kNow));
  EXPECT_FALSE(IsOlderThan(kNow - 6 * kDay, 7 * kDay, kNow));
  EXPECT_FALSE(IsOlderThan(100, 7 * kDay, kNow));             // it was not set then
  EXPECT_FALSE(IsOlderThan(kNow - 8 * kDay, 7 * kDay, 100));  // it is not set now
  EXPECT_FALSE(IsOlderThan(100, 7, 1000));
  EXPECT_FALSE(IsOlderThan(kNow + 8 * kDay, 7 * kDay, kNow));  // it was set back
}

// Files look `seconds` older than they are.
class Aged : public base::Sys {
 public:
  explicit Aged(time_t seconds) : seconds_(seconds) {}
  int Lstat(const char* path, struct stat* out) override {
    const int result = Sys::Lstat(path, out);
    out->st_ctim.tv_sec -= seconds_;
    return result;
  }

 private:
  const time_t seconds_;
};

class OldTransferTest : public HostTest {
 protected:
  OldTransferTest() { base::MakeDirectories(path_); }
  std::vector<std::string> Pruned(time_t age) {
    Aged aged(age);
    const base::ScopedSys seam(aged);
    return PlanPrune(layout, {}, {}).incoming;
  }
  const std::string path_ = layout.Incoming() + "/0123456789abcdef";
};

TEST_F(OldTransferTest, GoesAfterAWeek) {
  EXPECT_THAT(Pruned(6 * kDay), IsEmpty());
  EXPECT_THAT(Pruned(8 * kDay), ElementsAre(path_));
  Prune(
      layout,
      [&] {
        PrunePlan plan;
        plan.incoming = Pruned(8 * kDay);
        return plan;
      }(),
      "tester");
  EXPECT_FALSE(base::Exists(path_));
}

TEST_F(OldTransferTest, StaysWhileSomebodyIsAtIt) {
  const base::FileLock lock(path_ + "/lock", "it", "a push");
  EXPECT_THAT(Pruned(8 * kDay), IsEmpty());
}

TEST_F(OldTransferTest, StaysWhereTheClockWasNotSetOrIsSetBack) {
  EXPECT_THAT(Pruned(::time(nullptr) - 100), IsEmpty());
  EXPECT_THAT(Pruned(-100 * kDay), IsEmpty());
}

class SharedAgentsTest : public HostTest {
 protected:
  // An agent that was last used so many days ago.
  std::string Put(const std::string& content, time_t days_ago) {
    const std::string path =
        base::RealPath(shared_.path()) + "/activate-" + base::Sha256Of(content).ToHex();
    base::WriteFileAtomically(path, "");
    const timespec then{::time(nullptr) - days_ago * kDay, 0};
    const std::array<timespec, 2> times = {then, then};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
    return path;
  }
  const base::TemporaryDirectory shared_{testing::TempDir(), "agents-"};
};

TEST_F(SharedAgentsTest, AnAgentThatAnotherRootLinksToStays) {
  const std::string ours = Put("ours", 100);
  const std::string theirs = Put("theirs", 100);
  const std::string nobodys = Put("nobody's", 100);
  base::ReplaceSymlink(ours, layout.Bin() + "/activate");
  EXPECT_THAT(UnusedAgents(layout), testing::UnorderedElementsAre(theirs, nobodys));
  const std::string other = root + "/other/bin";
  base::MakeDirectories(other);
  base::ReplaceSymlink(theirs, other + "/activate");
  base::ReplaceSymlink(other + "/activate",
                       shared_.path() + "/" + images::kRootLinkPrefix + "0123");
  base::ReplaceSymlink("/nowhere/bin/activate",
                       shared_.path() + "/" + images::kRootLinkPrefix + "4567");
  EXPECT_THAT(UnusedAgents(layout), ElementsAre(nobodys));
}

TEST_F(SharedAgentsTest, AnAgentThatWasUsedBeforeTheClockWasSetStays) {
  base::ReplaceSymlink(Put("ours", 1), layout.Bin() + "/activate");
  Put("another", ::time(nullptr) / kDay);
  EXPECT_THAT(UnusedAgents(layout), IsEmpty());
}

}  // namespace
}  // namespace activator
