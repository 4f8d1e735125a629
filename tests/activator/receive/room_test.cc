// Room on the host: looked at before anything is sent, and what is left where it ends all the same.
#include <gmock/gmock.h>

#include <cerrno>

#include "base/sys.h"
#include "tests/activator/receive/push_fixture.h"

namespace activator {
namespace {

using testing::HasSubstr;

class RoomTest : public PushTest {
 protected:
  // tmpfs shares no blocks.
  RoomTest() : memory_("/dev/shm", "room-") { options_.root = memory_.path() + "/root"; }

  base::TemporaryDirectory memory_;
};

class FreeBytes : public base::Sys {
 public:
  explicit FreeBytes(uint64_t bytes) : bytes_(bytes) {}
  int Statvfs(const char* path, struct statvfs* out) override {
    const int result = Sys::Statvfs(path, out);
    out->f_frsize = 1;
    out->f_bfree = out->f_bavail = bytes_;
    return result;
  }

 private:
  const uint64_t bytes_;
};

class FreeInodes : public base::Sys {
 public:
  int Statvfs(const char* path, struct statvfs* out) override {
    const int result = Sys::Statvfs(path, out);
    out->f_files = 1000;
    out->f_ffree = out->f_favail = 20;
    return result;
  }
};

TEST_F(RoomTest, OfFilesIsLookedAtBeforeTheFirstIsSent) {
  const std::string one = Build("1", "one");
  FreeInodes full;
  const base::ScopedSys seam(full);
  const Outcome push = Push({one});
  EXPECT_THAT(push.error, HasSubstr("has 20 inodes free, 64 are needed"));
  EXPECT_THAT(push.error, HasSubstr(" and 20 inodes are free now"));
  EXPECT_LT(push.sent_bytes, kChunkBytes);
}

TEST_F(RoomTest, OfSeveralImagesIsLookedAtBeforeTheFirstIsSent) {
  const std::string one = Build("1", "one");
  for (std::string& chunk : chunks_) {
    chunk[5] = static_cast<char>(chunk[5] ^ 1);
  }
  const std::string two = Build("1", "two");
  FreeBytes full(7'000'000);  // for one of them
  const base::ScopedSys seam(full);
  const Outcome both = Push({one, two});
  EXPECT_EQ(both.error,
            "host: the disk is full: one and two: 3.9 MB more and 4.2 MB to spare are needed, " +
                options_.root +
                " has 7.0 MB free: No space left on device; nothing was sent, 7.0 MB are free now; "
                "make room (activate prune) and try again");
  EXPECT_LT(both.sent_bytes, kChunkBytes);
  EXPECT_TRUE(base::ListDirectory(layout().Incoming()).empty());
  EXPECT_EQ(Push({one}).error, "");
  EXPECT_THAT(Push({one, two}).error, testing::IsEmpty());  // one is there, two fits
}

TEST_F(RoomTest, WhatAnInterruptedPushHasTakenIsNotCountedAgain) {
  const std::string one = Build("1", "one");
  const std::string two = Build("1", "two");
  for (const std::string& built : {one, two}) {  // as one leaves it that was just begun
    const std::string path = layout().Incoming(images::ImageId::Parse(base::BaseName(built)));
    base::MakeDirectories(path);
    const base::UniqueFd fd = base::Open(path + "/image.erofs", O_RDWR | O_CREAT, 0644);
    ASSERT_EQ(::posix_fallocate(fd.get(), 0, kChunks * kChunkBytes), 0);
  }
  FreeBytes full(4'500'000);
  const base::ScopedSys seam(full);
  EXPECT_EQ(Push({one, two}).error, "");
}

TEST_F(RoomTest, WhatIsWholeStaysWhereTheDiskIsFullAfterIt) {
  const std::string built = Build("1");
  stage_ = [](const auto&, const auto&, const auto&) -> StagedGeneration {
    base::FailErrno(ENOSPC, "cannot write the generation");
  };
  EXPECT_THAT(Push({built}).error, HasSubstr("; images that are whole were kept, "));
  ExpectSame(built);
}

// The disk is full at the 25th whole chunk; then the first image's file cannot be removed.
class FullAndStuck : public base::Sys {
 public:
  FullAndStuck(size_t chunk_bytes, std::string stuck)
      : chunk_bytes_(chunk_bytes), stuck_(std::move(stuck)) {}
  ssize_t PWrite(int fd, const void* buffer, size_t size_bytes, off_t offset) override {
    if (size_bytes >= chunk_bytes_ && --left_ == 0) {
      errno = ENOSPC;
      return -1;
    }
    return Sys::PWrite(fd, buffer, size_bytes, offset);
  }
  int Unlink(const char* path) override {
    if (left_ <= 0 && std::string(path).find(stuck_) != std::string::npos) {
      errno = EIO;
      return -1;
    }
    return Sys::Unlink(path);
  }

 private:
  const size_t chunk_bytes_;
  const std::string stuck_;
  int left_ = 25;
};

TEST_F(RoomTest, WhatCannotBeRemovedFromAFullDiskDoesNotKeepTheOthersThere) {
  const std::string one = Build("1", "one");
  for (std::string& chunk : chunks_) {
    chunk[5] = static_cast<char>(chunk[5] ^ 1);
  }
  const std::string two = Build("1", "two");
  FullAndStuck full(kChunkBytes, base::BaseName(one));
  const base::ScopedSys seam(full);
  EXPECT_THAT(Push({one, two}).error, HasSubstr("what had arrived could not be removed ("));
  EXPECT_THAT(base::ListDirectory(layout().Incoming()),
              testing::ElementsAre(HasSubstr(base::BaseName(one))));
}

}  // namespace
}  // namespace activator
