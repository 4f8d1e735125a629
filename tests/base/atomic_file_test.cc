#include "base/atomic_file.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/error.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace base {
namespace {

using tests::ErrorOf;
using AtomicFileTest = tests::ScratchTest;
using ReplaceSymlinkTest = tests::ScratchTest;
using PublishDirectoryTest = tests::ScratchTest;

TEST_F(AtomicFileTest, AppearsWithItsContentAndMode) {
  WriteFileAtomically(At("f"), "new", 0640);
  EXPECT_EQ(Get("f"), "new");
  EXPECT_EQ(StatIfThere(At("f"))->st_mode & 0777, 0640U);
  EXPECT_EQ(ListDirectory(scratch()), std::vector<std::string>{"f"});
}

TEST_F(AtomicFileTest, ReplacesWhatIsThere) {
  Put("f", "old and longer");
  WriteFileAtomically(At("f"), "new");
  EXPECT_EQ(Get("f"), "new");
}

TEST_F(AtomicFileTest, NeverCommittedLeavesNothing) {
  Put("f", "old");
  {
    const AtomicFile file(At("f"), 0644);
    WriteAll(file.fd(), AsBytes("half"), file.temporary_path());
    EXPECT_TRUE(BaseName(file.temporary_path()).starts_with(kTemporaryPrefix));
    EXPECT_EQ(ParentOf(file.temporary_path()), scratch());
  }
  EXPECT_EQ(Get("f"), "old");
  EXPECT_EQ(ListDirectory(scratch()), std::vector<std::string>{"f"});
}

TEST_F(AtomicFileTest, NeedsItsDirectory) {
  EXPECT_EQ(ErrorOf([&] { WriteFileAtomically(At("none/f"), ""); }).error_number(), ENOENT);
}

TEST_F(ReplaceSymlinkTest, MakesALinkOrReplacesOne) {
  ReplaceSymlink("generations/1", At("current"));
  EXPECT_EQ(ReadLinkIfThere(At("current")), "generations/1");
  ReplaceSymlink("generations/2", At("current"));
  EXPECT_EQ(ReadLinkIfThere(At("current")), "generations/2");
  EXPECT_EQ(ListDirectory(scratch()), std::vector<std::string>{"current"});
}

TEST_F(ReplaceSymlinkTest, DoesNotReplaceADirectory) {
  Put("current/f", "");
  EXPECT_EQ(ErrorOf([&] { ReplaceSymlink("x", At("current")); }).error_number(), EISDIR);
  EXPECT_EQ(ListDirectory(scratch()), std::vector<std::string>{"current"});
}

TEST_F(PublishDirectoryTest, MovesTheWholeTree) {
  Put("incoming/a/f", "1");
  Put("incoming/g", "2");
  ASSERT_EQ(::symlink("g", At("incoming/link").c_str()), 0);
  PublishDirectory(At("incoming"), At("published"));
  EXPECT_EQ(Get("published/a/f"), "1");
  EXPECT_EQ(Get("published/link"), "2");
  EXPECT_EQ(ListDirectory(scratch()), std::vector<std::string>{"published"});
}

TEST_F(PublishDirectoryTest, NeverReplacesContent) {
  Put("incoming/f", "new");
  Put("published/f", "old");
  Put("file", "old");
  const int taken =
      ErrorOf([&] { PublishDirectory(At("incoming"), At("published")); }).error_number();
  EXPECT_TRUE(taken == ENOTEMPTY || taken == EEXIST) << taken;
  EXPECT_EQ(ErrorOf([&] { PublishDirectory(At("incoming"), At("file")); }).error_number(), ENOTDIR);
  EXPECT_EQ(Get("published/f"), "old");
  EXPECT_EQ(Get("incoming/f"), "new");
}

TEST_F(PublishDirectoryTest, NeedsADirectory) {
  EXPECT_EQ(ErrorOf([&] { PublishDirectory(At("none"), At("x")); }).error_number(), ENOENT);
}

}  // namespace
}  // namespace base
