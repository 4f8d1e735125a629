// Prunes in which each call that changes something fails, or is the last one that the process
// makes; and prunes on a full disk.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <filesystem>
#include <functional>

#include "activator/prune/prune.h"
#include "activator/state/history.h"
#include "activator/state/tombstones.h"
#include "base/sys.h"
#include "tests/activator/host_fixture.h"
#include "tests/activator/read_history.h"
#include "tests/support/run.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Calls that change something, counted; one of them fails or ends the process, which then makes no
// more of them.
class ChangesSys : public base::Sys {
 public:
  enum class Fault { kFail, kKill };
  void At(size_t number, Fault fault) {
    number_ = number;
    fault_ = fault;
  }
  void DiskIsFullUntilSomethingIsRemoved() { full_ = true; }
  size_t calls() const { return calls_; }

  ssize_t PWrite(int fd, const void* buffer, size_t size_bytes, off_t offset) override {
    if (full_) {
      errno = ENOSPC;
      return -1;
    }
    return Stopped() ? -1 : Sys::PWrite(fd, buffer, size_bytes, offset);
  }
  int Fsync(int fd) override { return Stopped() ? -1 : Sys::Fsync(fd); }
  int Ftruncate(int fd, off_t size_bytes) override {
    return Stopped() ? -1 : Sys::Ftruncate(fd, size_bytes);
  }
  int Rename(const char* from, const char* to) override {
    return Stopped() ? -1 : Sys::Rename(from, to);
  }
  int Unlink(const char* path) override {
    full_ = false;
    return Stopped() ? -1 : Sys::Unlink(path);
  }
  int Rmdir(const char* path) override { return Stopped() ? -1 : Sys::Rmdir(path); }

 private:
  bool Stopped() {
    ++calls_;
    errno = EIO;
    if (calls_ == number_ && fault_ == Fault::kKill) {
      dead_ = true;
      throw Killed();
    }
    return dead_ || calls_ == number_;
  }

  size_t number_ = 0;
  Fault fault_ = Fault::kFail;
  size_t calls_ = 0;
  bool dead_ = false;
  bool full_ = false;
};

class PruneFaultTest : public HostTest {
 protected:
  PruneFaultTest() {
    for (const char* program : {"one", "two", "fail", "four", "five"}) {
      ActivateNumber(Stage("web", program));
    }
    ActivateNumber(Stage("web", "six-fail"));  // the highest number goes, too
    // Its number is known by its directory alone: a crash before the event of its staging.
    const std::string before = base::ReadFile(layout.History());
    Stage("db", "db");
    Write(layout.History(), before);
    base::RemoveTree(layout.Generation(7));
    base::MakeDirectories(layout.Generations() + "/" +
                          NewTombstone(7));  // cut off before its event
  }

  static PrunePlan Plan(const images::HostLayout& there) {
    PruneOptions options;
    options.keep = 1;
    return PlanPrune(there, options, {});
  }

  // A copy of the there, on which `prune` does what it does.
  void OnACopy(const std::function<void(const images::HostLayout&)>& prune) {
    const base::TemporaryDirectory copy(root, "copy-");
    std::filesystem::copy(
        layout.root(), copy.path() + "/images",
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
    const images::HostLayout there(copy.path() + "/images");
    prune(there);
    CheckKept(there);
    Prune(there, Plan(there), "again");
    CheckKept(there);
    CheckPruned(there);
  }

  static void CheckKept(const images::HostLayout& there) {
    EXPECT_EQ(CurrentGeneration(there), 5U);
    EXPECT_GT(NextGenerationNumber(there), 7U);  // no number is given twice
    const AllGenerations all = ReadGenerations(there);
    EXPECT_TRUE(all.unreadable.empty());
    for (const Generation& generation : all.readable) {
      for (const auto& [name, digest] : generation.apps) {
        EXPECT_NO_THROW(images::ImageDirectory(there.Version(name, images::ImageId::Of(digest))))
            << "of generation " << generation.number;
      }
    }
  }

  static void CheckPruned(const images::HostLayout& there) {
    EXPECT_THAT(GenerationNumbers(there), ElementsAre(4, 5));
    EXPECT_TRUE(Plan(there).IsEmpty());
    std::map<uint64_t, int> pruned;
    for (const Event& event : ReadHistory(there)) {
      pruned[event.generation] += event.event == "pruned" ? 1 : 0;
    }
    for (const uint64_t number : {1U, 2U, 3U, 6U, 7U}) {
      EXPECT_EQ(pruned[number], 1) << number;
    }
  }

  static void PruneIgnoringFailure(const images::HostLayout& there) {
    try {
      Prune(there, Plan(there), "tester");
    } catch (const base::Error&) {
    } catch (const Killed&) {
    }
  }

  size_t CallsOfAPrune() {
    ChangesSys sys;
    OnACopy([&](const images::HostLayout& there) {
      const base::ScopedSys scoped(sys);
      Prune(there, Plan(there), "tester");
    });
    return sys.calls();
  }

  void Sweep(ChangesSys::Fault fault) {
    const size_t calls = CallsOfAPrune();
    ASSERT_GT(calls, 40U);
    for (size_t number = 1; number <= calls; ++number) {
      SCOPED_TRACE(number);
      OnACopy([&](const images::HostLayout& there) {
        ChangesSys sys;
        sys.At(number, fault);
        const base::ScopedSys scoped(sys);
        PruneIgnoringFailure(there);
      });
      if (HasFailure()) {
        return;
      }
    }
  }
};

TEST_F(PruneFaultTest, ACallThatFailsLosesNothingAndTheNextPruneCompletes) {
  Sweep(ChangesSys::Fault::kFail);
}

TEST_F(PruneFaultTest, AKillLosesNothingAndTheNextPruneCompletes) {
  Sweep(ChangesSys::Fault::kKill);
}

TEST_F(PruneFaultTest, AFullDiskIsNoReasonToStop) {
  OnACopy([](const images::HostLayout& there) {
    ChangesSys sys;
    sys.DiskIsFullUntilSomethingIsRemoved();
    PrunePlan plan = Plan(there);
    plan.versions.clear();  // the generations must make room by themselves
    const base::ScopedSys scoped(sys);
    Prune(there, plan, "tester");
  });
}

// A file system of its own, without blocks kept back for root, as full as it gets.
class FullDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string image = place_.path() + "/disk";
    const std::string script = "truncate -s 16M " + image +
                               " && mkfs.ext4 -q -m 0 -O ^has_journal " + image + " && mkdir " +
                               disk() + " && mount -o loop " + image + " " + disk();
    if (tests::RunCommand({"sh", "-c", script}).exit_code != 0) {
      GTEST_SKIP() << "cannot mount a file system here";
    }
    mounted_ = true;
  }
  void TearDown() override {
    if (mounted_) {
      EXPECT_EQ(::umount2(disk().c_str(), MNT_DETACH), 0);
    }
  }
  std::string disk() const { return place_.path() + "/mount"; }
  bool IsFull() const {  // but for what ext4 keeps back for itself
    struct statvfs found {};
    EXPECT_EQ(::statvfs(disk().c_str(), &found), 0);
    return found.f_bavail == 0;
  }
  uint64_t FreeBytes() const {
    struct statvfs found {};
    EXPECT_EQ(::statvfs(disk().c_str(), &found), 0);
    return static_cast<uint64_t>(found.f_bfree) * found.f_frsize;
  }
  void Fill() const {
    // What dd leaves of the last block, files of one byte take.
    tests::RunCommand({"sh", "-c",
                       "dd if=/dev/zero of=" + disk() + "/filler bs=4k 2>/dev/null; cd " + disk() +
                           "; i=0; while echo x >filler-$i; do i=$((i+1)); done 2>/dev/null"});
  }

 private:
  base::TemporaryDirectory place_{::testing::TempDir(), "slipway-disk-"};
  bool mounted_ = false;
};

TEST_F(FullDiskTest, APruneFreesWhatItSays) {
  const images::HostLayout layout(disk() + "/images");
  base::MakeDirectories(layout.Generations());
  base::MakeDirectories(layout.Incoming());
  const auto make = [&](uint64_t number, GenerationState state, uint64_t healthy) {
    const std::string id = "000000000000000" + std::to_string(number);
    Generation generation;
    generation.number = number;
    generation.created = "2026-01-01T00:00:00Z";
    generation.state = state;
    generation.healthy_sequence = healthy;
    generation.apps["web"] = *base::Sha256::FromHex(id + std::string(48, '0'));
    base::MakeDirectories(layout.Generation(number) + "/units");
    StoreGeneration(layout, generation);
    base::MakeDirectories(layout.root() + "/web/" + id);
    const std::string image = layout.root() + "/web/" + id + "/image.erofs";
    const base::UniqueFd fd = base::Open(image, O_WRONLY | O_CREAT, 0644);
    base::WriteAll(fd.get(), base::AsBytes(std::string(2000000, 'x')), image);
  };
  make(1, GenerationState::kSuperseded, 1);
  make(2, GenerationState::kSuperseded, 2);
  make(3, GenerationState::kActive, 3);
  make(4, GenerationState::kRolledBack, 0);
  // The same image under two names is freed once, and only when both go.
  std::filesystem::create_hard_link(layout.root() + "/web/0000000000000004/image.erofs",
                                    layout.root() + "/web/0000000000000001/again");
  SetCurrentGeneration(layout, 3);
  AppendEvent(layout, {0, "", "staged", 4, 3, "", "me", ""});
  Fill();
  ASSERT_TRUE(IsFull());
  PruneOptions options;
  options.keep = 2;
  const PrunePlan plan = PlanPrune(layout, options, {});
  EXPECT_THAT(plan.generations, ElementsAre(1, 4));
  const uint64_t before = FreeBytes();
  Prune(layout, plan, "tester");
  const uint64_t freed = FreeBytes() - before;
  EXPECT_GE(plan.freed_bytes, 4000000U);
  EXPECT_LE(plan.freed_bytes, freed + 8192) << "a block of the history and of the locks";
  EXPECT_LE(freed, plan.freed_bytes + 8192);
  EXPECT_EQ(NextGenerationNumber(layout), 5U);
  EXPECT_EQ(ReadHistory(layout).back().event, "pruned");
}

}  // namespace
}  // namespace activator
