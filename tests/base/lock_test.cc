#include "base/lock.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>

#include "base/error.h"
#include "base/process.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace base {
namespace {

using FileLockTest = tests::ScratchTest;

TEST_F(FileLockTest, RefusesASecondHolderAndNamesTheFirst) {
  const FileLock lock(At("lock"), "the host", "activate --generation 3, by root@10.0.0.1");
  const Error error = tests::ErrorOf([&] { FileLock(At("lock"), "the host", "somebody else"); });
  EXPECT_EQ(error.code(), ExitCode::kBusy);
  EXPECT_THAT(error.what(),
              ::testing::MatchesRegex("the host is in use by activate --generation 3, by "
                                      "root@10.0.0.1, pid [0-9]+, since 20.*Z; try again when that "
                                      "has ended"));
}

TEST_F(FileLockTest, EmptiesNoFileThatALinkLeadsTo) {
  Put("theirs", "a text");
  ASSERT_EQ(::symlink("theirs", At("lock").c_str()), 0);
  EXPECT_THROW(FileLock(At("lock"), "it", "a"), Error);
  EXPECT_EQ(Get("theirs"), "a text");
}

TEST_F(FileLockTest, IsFreeAgainWithItsObject) {
  std::optional<FileLock> first(std::in_place, At("lock"), "it", "a holder with a long name");
  first.reset();
  const FileLock second(At("lock"), "it", "b");
  const std::string text = Get("lock");
  EXPECT_TRUE(text.starts_with("b, pid ")) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
}

TEST_F(FileLockTest, StaysWithTheObjectItIsMovedTo) {
  FileLock first(At("lock"), "it", "a");
  const FileLock second(std::move(first));
  EXPECT_EQ(tests::ErrorOf([&] { FileLock(At("lock"), "it", "b"); }).code(), ExitCode::kBusy);
}

TEST_F(FileLockTest, IsFreedByItsHoldersDeath) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const FileLock lock(At("lock"), "it", "the child");
    ::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THAT(tests::MessageOf([&] { FileLock(At("lock"), "it", "we"); }),
              ::testing::HasSubstr(fmt::format("the child, pid {}", holder)));
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  EXPECT_NO_THROW(FileLock(At("lock"), "it", "we"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(FileLockTest, IsNotInheritedByPrograms) {
  std::optional<FileLock> lock(std::in_place, At("lock"), "it", "a");
  const Child program({"sleep", "100"});
  lock.reset();
  EXPECT_NO_THROW(FileLock(At("lock"), "it", "b"));
}

TEST_F(FileLockTest, FileIsForItsOwnerAlone) {
  const FileLock lock(At("lock"), "it", "a");
  EXPECT_EQ(StatIfThere(At("lock"))->st_mode & 0777, 0600U);
}

TEST_F(FileLockTest, NeedsItsDirectory) {
  EXPECT_EQ(tests::ErrorOf([&] { FileLock(At("none/lock"), "it", "a"); }).code(),
            ExitCode::kFailed);
}

}  // namespace
}  // namespace base
