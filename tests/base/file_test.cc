#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <thread>

#include "base/error.h"
#include "tests/support/as_nobody.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace base {
namespace {

using tests::ErrorOf;
using tests::MessageOf;
using File = tests::ScratchTest;
using Directories = tests::ScratchTest;
using RemoveTreeTest = tests::ScratchTest;

TEST_F(File, IsReadWhole) {
  const std::string content(200'000, 'x');
  Put("f", content);
  EXPECT_EQ(ReadFile(At("f")), content);
  EXPECT_EQ(ReadFileIfThere(At("f")), content);
}

TEST_F(File, ThatIsMissingIsNamedOrAbsent) {
  EXPECT_EQ(ReadFileIfThere(At("none")), std::nullopt);
  EXPECT_EQ(ReadFileIfThere(Put("f", "") + "/below"), std::nullopt);
  const Error error = ErrorOf([&] { ReadFile(At("none")); });
  EXPECT_EQ(error.what(), "cannot open " + At("none") + ": No such file or directory");
  EXPECT_EQ(error.error_number(), ENOENT);
}

TEST_F(File, ThatIsADirectoryIsAnErrorNotAnAbsence) {
  const Error error = ErrorOf([&] { ReadFileIfThere(scratch()); });
  EXPECT_EQ(error.what(), "cannot read " + scratch() + ": Is a directory");
  EXPECT_EQ(error.error_number(), EISDIR);
}

TEST_F(File, LargerThanAllowedIsRefused) {
  Put("f", "12345");
  EXPECT_EQ(ReadFile(At("f"), 5), "12345");
  EXPECT_EQ(MessageOf([&] { ReadFile(At("f"), 4); }), At("f") + " is larger than 4 bytes");
}

TEST_F(File, ThatEndsEarlyIsAnErrorForWhoNeedsAllOfIt) {
  const UniqueFd fd = OpenForReading(Put("f", "12345"));
  std::vector<uint8_t> three(3);
  PReadExactly(fd.get(), three, 2, At("f"));
  EXPECT_EQ(AsText(three), "345");
  EXPECT_EQ(MessageOf([&] { PReadExactly(fd.get(), three, 3, At("f")); }),
            At("f") + " ends at 5 bytes, expected at least 6");
  EXPECT_EQ(AsText(PRead(fd.get(), 3, 100, At("f"))), "45");
}

TEST_F(File, DescriptorsDoNotReachOtherPrograms) {
  const UniqueFd fd = OpenForReading(Put("f", ""));
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(File, LinksAreFollowedOnlyWhereTheNameSaysSo) {
  Put("f", "123");
  ASSERT_EQ(::symlink("f", At("link").c_str()), 0);
  ASSERT_EQ(::symlink("none", At("dangling").c_str()), 0);
  EXPECT_TRUE(S_ISLNK(LstatIfThere(At("link"))->st_mode));
  EXPECT_TRUE(S_ISREG(StatIfThere(At("link"))->st_mode));
  EXPECT_EQ(FileSize(At("link")), 3U);
  EXPECT_TRUE(LstatIfThere(At("dangling")).has_value());
  EXPECT_FALSE(Exists(At("dangling")));
  EXPECT_EQ(ReadLinkIfThere(At("link")), "f");
  EXPECT_EQ(ReadLinkIfThere(At("f")), std::nullopt);
  EXPECT_EQ(ReadLinkIfThere(At("none")), std::nullopt);
  EXPECT_EQ(RealPath(At("link")), At("f"));
}

TEST_F(File, UnlinkingSaysWhetherSomethingWasThere) {
  Put("f", "");
  EXPECT_TRUE(UnlinkIfThere(At("f")));
  EXPECT_FALSE(UnlinkIfThere(At("f")));
  EXPECT_EQ(ErrorOf([&] { Unlink(At("f")); }).error_number(), ENOENT);
}

TEST(Path, HasAParentAndABaseName) {
  struct Case {
    std::string path, parent, base_name;
  };
  for (const Case& c : {Case{"a", ".", "a"}, Case{"/a", "/", "a"}, Case{"a/b", "a", "b"},
                        Case{"/a/b/c", "/a/b", "c"}, Case{"a/b/", "a", "b"},
                        Case{"a//b//", "a", "b"}, Case{"/", "/", ""}, Case{"", ".", ""}}) {
    EXPECT_EQ(ParentOf(c.path), c.parent) << c.path;
    EXPECT_EQ(BaseName(c.path), c.base_name) << c.path;
  }
}

TEST(Path, BecomesAbsoluteFromHere) {
  EXPECT_EQ(AbsolutePath("/a"), "/a");
  EXPECT_EQ(AbsolutePath("a"), std::filesystem::current_path().string() + "/a");
}

TEST_F(Directories, AreListedSortedByBytes) {
  Put("b", "");
  Put("a/x", "");
  Put("B", "");
  Put(".hidden", "");
  EXPECT_EQ(ListDirectory(scratch()), (std::vector<std::string>{".hidden", "B", "a", "b"}));
  EXPECT_TRUE(ListDirectory(At("none")).empty());
  EXPECT_TRUE(ListDirectory(At("b")).empty());
}

TEST_F(Directories, AreMadeWithTheirParents) {
  MakeDirectories(At("a/b/c/"));
  MakeDirectories(At("a/b/c"));
  EXPECT_TRUE(std::filesystem::is_directory(At("a/b/c")));
}

TEST_F(Directories, AreNotMadeWhereSomethingElseIs) {
  Put("f", "");
  ASSERT_EQ(::symlink("none", At("dangling").c_str()), 0);
  EXPECT_EQ(ErrorOf([&] { MakeDirectories(At("f")); }).error_number(), ENOTDIR);
  EXPECT_EQ(ErrorOf([&] { MakeDirectories(At("dangling")); }).error_number(), EEXIST);
  EXPECT_EQ(ErrorOf([&] { MakeDirectories(At("f/below")); }).error_number(), ENOTDIR);
}

TEST_F(Directories, AreMadeBySeveralAtOnce) {
  for (int round = 0; round < 20; ++round) {
    const std::string path = At(fmt::format("{}/a/b/c/d", round));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { EXPECT_NO_THROW(MakeDirectories(path)); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_TRUE(Exists(path));
  }
}

TEST_F(RemoveTreeTest, RemovesFilesDirectoriesAndNothing) {
  Put("t/a/b/f", "");
  Put("t/g", "");
  Put("h", "");
  RemoveTree(At("t"));
  RemoveTree(At("h"));
  RemoveTree(At("none"));
  EXPECT_TRUE(ListDirectory(scratch()).empty());
}

TEST_F(RemoveTreeTest, DoesNotFollowLinks) {
  Put("outside/f", "");
  Put("t/g", "");
  ASSERT_EQ(::symlink("../outside", At("t/link").c_str()), 0);
  RemoveTree(At("t"));
  ASSERT_EQ(::symlink("outside", At("t").c_str()), 0);
  RemoveTree(At("t"));
  EXPECT_EQ(ListDirectory(scratch()), std::vector<std::string>{"outside"});
  EXPECT_TRUE(Exists(At("outside/f")));
}

TEST_F(RemoveTreeTest, RemovesOurReadOnlyAndUnreadableDirectories) {
  ASSERT_EQ(::chmod(scratch().c_str(), 0777), 0);
  EXPECT_EXIT(tests::ExitAsNobody([&] {
                Put("t/a/f", "");
                Put("t/b/g", "");
                ::chmod(At("t/a").c_str(), 0555);
                ::chmod(At("t/b").c_str(), 0);
                RemoveTree(At("t"));
              }),
              ::testing::ExitedWithCode(0), "");
  EXPECT_FALSE(Exists(At("t")));
}

TEST_F(RemoveTreeTest, NamesWhatItCannotRemove) {
  Put("t/closed/f", "");
  ASSERT_EQ(::chmod(At("t").c_str(), 0777), 0);
  ASSERT_EQ(::chmod(scratch().c_str(), 0777), 0);
  if (::geteuid() == 0) {  // otherwise the directory is ours, and goes
    EXPECT_EXIT(tests::ExitAsNobody([&] { RemoveTree(At("t")); }), ::testing::ExitedWithCode(1),
                "cannot remove .*/t/closed/f: Permission denied");
    EXPECT_TRUE(Exists(At("t/closed/f")));
  }
}

TEST(TemporaryDirectoryTest, IsGoneWithItsObjectUnlessReleased) {
  std::string path;
  std::string kept;
  {
    const TemporaryDirectory directory(::testing::TempDir(), "slipway-a-");
    path = directory.path();
    EXPECT_TRUE(BaseName(path).starts_with("slipway-a-"));
    std::filesystem::create_directories(path + "/x/y");
    TemporaryDirectory released(path, "b-");
    kept = released.path();
    released.Release();
    EXPECT_TRUE(Exists(kept));
    TemporaryDirectory other(path, "b-");
    EXPECT_NE(other.path(), kept);
  }
  EXPECT_FALSE(Exists(path));
}

TEST_F(Directories, TemporaryOneNeedsAParent) {
  EXPECT_EQ(MessageOf([&] { const TemporaryDirectory directory(At("none"), "x-"); }),
            "cannot make a temporary directory in " + At("none") + ": No such file or directory");
}

TEST_F(Directories, HaveFreeBytes) {
  EXPECT_GT(FreeBytes(scratch()), 0U);
  EXPECT_EQ(ErrorOf([&] { FreeBytes(At("none")); }).error_number(), ENOENT);
}

}  // namespace
}  // namespace base
