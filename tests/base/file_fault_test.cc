// base/file.h where the kernel interrupts, moves less than asked, or refuses.
#include <fcntl.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/errors.h"
#include "tests/support/faulty_sys.h"
#include "tests/support/scratch.h"

namespace base {
namespace {

using tests::ErrorOf;
using tests::FaultySys;

class FaultyFile : public tests::ScratchTest {
 protected:
  FaultySys sys_;
  ScopedSys in_place_{sys_};
};

const std::string& Content() {
  static const std::string kContent = "All of it, whatever the kernel does.";
  return kContent;
}

TEST_F(FaultyFile, IsReadWholeBySmallAndInterruptedReads) {
  Put("f", Content());
  sys_.LimitTransfers(5);
  sys_.InterruptCalls();
  EXPECT_EQ(ReadFile(At("f")), Content());
  const UniqueFd fd = OpenForReading(At("f"));
  std::vector<uint8_t> all(Content().size());
  PReadExactly(fd.get(), all, 0, At("f"));
  EXPECT_EQ(AsText(all), Content());
}

TEST_F(FaultyFile, IsWrittenWholeBySmallAndInterruptedWrites) {
  sys_.LimitTransfers(5);
  sys_.InterruptCalls();
  UniqueFd fd = Open(At("f"), O_WRONLY | O_CREAT, 0600);
  WriteAll(fd.get(), AsBytes(Content()), At("f"));
  PWriteAll(fd.get(), AsBytes(Content()), 1000, At("f"));
  Fsync(fd.get(), At("f"));
  Close(std::move(fd), At("f"));
  EXPECT_EQ(Get("f").substr(0, Content().size()), Content());
  EXPECT_EQ(Get("f").substr(1000), Content());
}

TEST_F(FaultyFile, ThatCannotBeReadIsNamed) {
  Put("f", Content());
  sys_.FailCall(3, EIO);  // open, fstat, then the first read
  EXPECT_EQ(tests::MessageOf([&] { ReadFile(At("f")); }),
            "cannot read " + At("f") + ": Input/output error");
}

TEST_F(FaultyFile, ThatIsLookedAtInVainIsNoAbsence) {
  sys_.FailCall(1, EACCES);
  EXPECT_EQ(ErrorOf([&] { ReadFileIfThere(At("none")); }).error_number(), EACCES);
  sys_.FailCall(2, EACCES);
  EXPECT_EQ(ErrorOf([&] { StatIfThere(At("none")); }).error_number(), EACCES);
  sys_.FailCall(3, EACCES);
  EXPECT_EQ(ErrorOf([&] { UnlinkIfThere(At("none")); }).error_number(), EACCES);
}

TEST_F(FaultyFile, WriteThatFailsOnlyWhenClosedIsAnError) {
  UniqueFd fd = Open(At("f"), O_WRONLY | O_CREAT, 0600);
  sys_.FailCall(2, EDQUOT);
  EXPECT_EQ(ErrorOf([&] { Close(std::move(fd), At("f")); }).error_number(), EDQUOT);
  EXPECT_FALSE(fd.valid());
}

TEST_F(FaultyFile, InterruptedCloseIsNotRepeated) {
  UniqueFd fd = Open(At("f"), O_WRONLY | O_CREAT, 0600);
  sys_.FailCall(2, EINTR);
  Close(std::move(fd), At("f"));
  EXPECT_EQ(sys_.calls(), 2U);
}

TEST_F(FaultyFile, NewDirectoriesAreDurableInTheirParents) {
  MakeDirectories(At("a/b"));
  const std::vector<std::string> expected = {
      "stat " + At("a/b"),  "stat " + At("a"),   "stat " + scratch(),
      "mkdir " + At("a"),   "open " + scratch(), "fsync " + scratch(),
      "mkdir " + At("a/b"), "open " + At("a"),   "fsync " + At("a")};
  EXPECT_EQ(sys_.log(), expected);
}

// Somebody makes the directory between our look and our mkdir.
class QuickRival : public FaultySys {
 public:
  int Mkdir(const char* path, mode_t mode) override {
    Sys::Mkdir(path, mode);
    return FaultySys::Mkdir(path, mode);
  }
};

TEST_F(FaultyFile, DirectoryThatSomebodyElseMadeFirstIsDurableToo) {
  QuickRival sys;
  const ScopedSys in_place(sys);
  MakeDirectories(At("a"));
  EXPECT_EQ(sys.log().back(), "fsync " + scratch());
}

TEST_F(FaultyFile, TreeThatCannotBeRemovedIsNamed) {
  Put("t/f", "");
  sys_.FailCall(3, EPERM);  // lstat t, lstat f, unlink f
  EXPECT_EQ(tests::MessageOf([&] { RemoveTree(At("t")); }),
            "cannot remove " + At("t/f") + ": Operation not permitted");
}

}  // namespace
}  // namespace base
