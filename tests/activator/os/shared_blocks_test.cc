// Pushes to hosts whose file system can share blocks, each mounted from a file; skipped where this
// machine cannot mount them.
#include "activator/os/shared_blocks.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/process.h"
#include "base/sys.h"
#include "tests/activator/receive/push_fixture.h"

namespace activator {
namespace {

class SharedBlocksTest : public PushTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    const std::string disk = directory_.path() + "/disk";
    base::MakeDirectories(mount_);
    {
      const base::UniqueFd fd = base::Open(disk, O_RDWR | O_CREAT, 0600);
      ASSERT_EQ(::ftruncate(fd.get(), off_t{400} << 20), 0);
    }
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{std::string("mkfs.") + GetParam(), "-q", disk},
          std::vector<std::string>{"mount", "-o", "loop", disk, mount_}}) {
      base::ProcessOptions options;
      options.timeout = std::chrono::seconds(60);
      base::ProcessResult result;
      try {
        result = base::Run(command, options);
      } catch (const base::Error& error) {
        GTEST_SKIP() << error.what();
      }
      if (result.exit_code != 0) {
        GTEST_SKIP() << command[0] << ": " << result.err;
      }
    }
    mounted_ = true;
    options_.root = mount_ + "/root";
  }
  void TearDown() override {
    if (mounted_) {
      EXPECT_EQ(::umount(mount_.c_str()), 0);
    }
  }

  const std::string mount_ = directory_.path() + "/mount";
  bool mounted_ = false;
};

TEST_P(SharedBlocksTest, AnUpdateAddsWhatIsNew) {
  const Outcome first = Push({Build("1")});
  ASSERT_EQ(first.error, "");
  EXPECT_GE(first.staged.added_bytes, kChunks * kChunkBytes);
  chunks_[4].replace(50000, 20, "twenty other letters");
  chunks_.insert(chunks_.begin() + 2, tests::NoiseBytes(99, kChunkBytes));
  const std::string built = Build("2");
  const Outcome update = Push({built});
  EXPECT_EQ(update.error, "");
  EXPECT_EQ(update.images.at(0).chunks_sent, 2U);
  EXPECT_EQ(update.staged.added_bytes, 2 * kChunkBytes);
  ExpectSame(built);
}

// Chunks that do not end at a block's end are copied, the others shared all the same.
TEST_P(SharedBlocksTest, WhatIsNotAlignedIsCopied) {
  ASSERT_EQ(Push({Build("1")}).error, "");
  chunks_.insert(chunks_.begin() + 2, "a few bytes");
  chunks_.insert(chunks_.begin() + 6, tests::NoiseBytes(99, 4096 - 11));  // the rest is aligned
  const std::string built = Build("2");
  const Outcome update = Push({built});
  EXPECT_EQ(update.error, "");
  EXPECT_GE(update.staged.added_bytes, 3 * kChunkBytes);
  EXPECT_LT(update.staged.added_bytes, 5 * kChunkBytes);
  ExpectSame(built);
}

TEST_P(SharedBlocksTest, ADamagedVersionIsRepairedAndItsOtherBlocksShared) {
  const std::string built = Build("1");
  ASSERT_EQ(Push({built}).error, "");
  Change(There(built) + "/image.erofs", 4 * kChunkBytes + 5);
  const Outcome repair = Push({built});
  EXPECT_EQ(repair.error, "");
  EXPECT_TRUE(repair.images.at(0).repaired);
  EXPECT_EQ(repair.images.at(0).chunks_sent, 1U);
  EXPECT_EQ(repair.staged.added_bytes, kChunkBytes);
  ExpectSame(built);
}

// A disk that has no room for a second copy has room for an update.
TEST_P(SharedBlocksTest, OnlyWhatIsNotSharedNeedsRoom) {
  ASSERT_EQ(Push({Build("1")}).error, "");
  chunks_[4].replace(50000, 20, "twenty other letters");
  const std::string update = Build("2");
  class AlmostFull : public base::Sys {
    int Statvfs(const char* path, struct statvfs* out) override {
      const int result = Sys::Statvfs(path, out);
      out->f_frsize = 1000;
      out->f_bfree = out->f_bavail = 5'000;
      return result;
    }
  } full;
  const base::ScopedSys seam(full);
  const pusher::Planned plan = Plan(update).host;
  EXPECT_TRUE(plan.fits);
  EXPECT_EQ(plan.needed_bytes, kChunkBytes);
  EXPECT_EQ(Push({update}).error, "");
  chunks_.assign(kChunks, tests::NoiseBytes(99, kChunkBytes));
  chunks_.push_back(tests::NoiseBytes(98, kChunkBytes));
  const std::string third = Build("3");
  EXPECT_FALSE(Plan(third).host.fits);
  EXPECT_NE(Push({third}).error, "");
}

// Without it, a power cut would leave a file on btrfs that nobody can open.
TEST_P(SharedBlocksTest, FsVerityIsOnTheDiskBeforeTheImageIsPublished) {
  class Recorder : public base::Sys {
   public:
    int EnableVerity(int /*fd*/) override {
      log += "enable ";
      return 0;
    }
    int Syncfs(int fd) override {
      log += "syncfs ";
      return Sys::Syncfs(fd);
    }
    int Rename(const char* from, const char* to) override {
      log += std::string(to).find("/incoming/") == std::string::npos ? "rename " : "";
      return Sys::Rename(from, to);
    }
    std::string log;
  } sys;
  const base::ScopedSys seam(sys);
  ASSERT_EQ(Push({Build("1")}).error, "");
  EXPECT_THAT(sys.log,
              testing::HasSubstr(GetParam() == std::string("btrfs") ? "enable syncfs rename "
                                                                    : "enable rename "));
}

INSTANTIATE_TEST_SUITE_P(On, SharedBlocksTest, testing::Values("btrfs", "xfs"),
                         [](const auto& file_system) { return std::string(file_system.param); });

class OtherFileSystemTest : public PushTest {};

TEST_F(OtherFileSystemTest, WithoutSharingAllIsNew) {
  const base::TemporaryDirectory memory("/dev/shm", "push-");  // tmpfs has no such thing
  options_.root = memory.path() + "/root";
  ASSERT_EQ(Push({Build("1", "other")}).error, "");
  chunks_[4].replace(50000, 20, "twenty other letters");
  const std::string built = Build("2");
  const Outcome update = Push({built});
  EXPECT_EQ(update.error, "");
  EXPECT_GE(update.staged.added_bytes, kChunks * kChunkBytes);
  ExpectSame(built);
}

}  // namespace
}  // namespace activator
