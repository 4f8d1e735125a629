// base/atomic_file.h where every system call in turn fails: the old content or the new one is
// there, and no temporary file is left. A crash may come between any two calls, so the order of
// those that make it durable is checked too.
#include <cerrno>
#include <functional>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sys.h"
#include "tests/support/faulty_sys.h"
#include "tests/support/scratch.h"

namespace base {
namespace {

using tests::FaultySys;

class AtomicFileFault : public tests::ScratchTest {
 protected:
  // Runs `publish` once for each of its calls, which fails; `prepare` before and `check` after each
  // time. `check` hears whether it threw. Returns how many calls there are.
  static size_t FailEachCall(const std::function<void()>& prepare,
                             const std::function<void()>& publish,
                             const std::function<void(bool threw)>& check, int error_number) {
    for (size_t number = 1;; ++number) {
      prepare();
      FaultySys sys;
      sys.FailCall(number, error_number);
      bool threw = false;
      try {
        const ScopedSys in_place(sys);
        publish();
      } catch (const Error& error) {
        threw = true;
        EXPECT_EQ(error.error_number(), error_number) << error.what();
      }
      if (sys.calls() < number) {
        EXPECT_FALSE(threw);
        return number - 1;
      }
      SCOPED_TRACE(sys.log()[number - 1]);
      check(threw);
    }
  }
};

TEST_F(AtomicFileFault, FileIsTheOldOneOrTheNewOne) {
  const size_t calls =
      FailEachCall([&] { Put("f", "old"); }, [&] { WriteFileAtomically(At("f"), "new"); },
                   [&](bool threw) {
                     EXPECT_TRUE(threw);
                     EXPECT_TRUE(Get("f") == "old" || Get("f") == "new") << Get("f");
                     EXPECT_EQ(ListDirectory(scratch()), std::vector<std::string>{"f"});
                   },
                   ENOSPC);
  EXPECT_EQ(calls, 7U);  // open, write, fsync, close, rename; open and fsync of the directory
}

TEST_F(AtomicFileFault, FileIsWrittenThoughEveryCallIsInterrupted) {
  FaultySys sys;
  sys.InterruptCalls();
  sys.LimitTransfers(1);
  const ScopedSys in_place(sys);
  WriteFileAtomically(At("f"), "new");
  EXPECT_EQ(Get("f"), "new");
}

TEST_F(AtomicFileFault, LinkIsTheOldOneOrTheNewOne) {
  const size_t calls = FailEachCall(
      [&] { ReplaceSymlink("old", At("link")); }, [&] { ReplaceSymlink("new", At("link")); },
      [&](bool threw) {
        EXPECT_TRUE(threw);
        const std::string target = ReadLinkIfThere(At("link")).value_or("none");
        EXPECT_TRUE(target == "old" || target == "new") << target;
        EXPECT_EQ(ListDirectory(scratch()), std::vector<std::string>{"link"});
      },
      EIO);
  EXPECT_EQ(calls, 4U);  // symlink, rename; open and fsync of the directory
}

TEST_F(AtomicFileFault, DirectoryIsThereWholeOrNotAtAll) {
  const size_t calls = FailEachCall(
      [&] {
        RemoveTree(At("published"));
        Put("incoming/a/f", "1");
        Put("incoming/g", "2");
      },
      [&] { PublishDirectory(At("incoming"), At("published")); },
      [&](bool threw) {
        EXPECT_TRUE(threw);
        EXPECT_NE(Exists(At("published")), Exists(At("incoming")));
        const std::string where = Exists(At("published")) ? "published" : "incoming";
        EXPECT_EQ(Get(where + "/a/f") + Get(where + "/g"), "12");
      },
      EIO);
  EXPECT_EQ(calls, 16U);  // per file and directory: lstat, open, fsync (the top one: no lstat), and
                          // of files fstat; rename; open and fsync of the directory that holds it
}

TEST_F(AtomicFileFault, ContentIsDurableBeforeItsNameAndTheNameInTheEnd) {
  FaultySys sys;
  std::string temporary;
  {
    const ScopedSys in_place(sys);
    AtomicFile file(At("f"), 0600);
    temporary = file.temporary_path();
    WriteAll(file.fd(), AsBytes("new"), temporary);
    file.Commit();
  }
  const std::vector<std::string> expected = {
      "open " + temporary, "write " + temporary, "fsync " + temporary, "close " + temporary,
      "rename " + At("f"), "open " + scratch(),  "fsync " + scratch()};
  EXPECT_EQ(sys.log(), expected);
}

TEST_F(AtomicFileFault, LinkIsDurableInTheEnd) {
  FaultySys sys;
  const ScopedSys in_place(sys);
  ReplaceSymlink("new", At("link"));
  ASSERT_EQ(sys.log().size(), 4U);
  EXPECT_EQ(sys.log()[1], "rename " + At("link"));
  EXPECT_EQ(sys.log()[3], "fsync " + scratch());
}

TEST_F(AtomicFileFault, EveryFileOfADirectoryIsDurableBeforeItsName) {
  Put("incoming/a/f", "1");
  FaultySys sys;
  const ScopedSys in_place(sys);
  PublishDirectory(At("incoming"), At("published"));
  std::vector<std::string> order;
  for (const std::string& call : sys.log()) {
    if (call.starts_with("fsync") || call.starts_with("rename")) {
      order.push_back(call);
    }
  }
  const std::vector<std::string> expected = {"fsync " + At("incoming/a/f"),
                                             "fsync " + At("incoming/a"), "fsync " + At("incoming"),
                                             "rename " + At("published"), "fsync " + scratch()};
  EXPECT_EQ(order, expected);
}

}  // namespace
}  // namespace base
