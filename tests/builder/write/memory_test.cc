// How much memory a build of very many small files takes.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/io.h"
#include "builder/read/read_back.h"
#include "tests/builder/sample_trees.h"
#include "tests/support/scratch.h"

namespace builder {
namespace {

class MemoryTest : public tests::ScratchTest {
 protected:
  // The most that a process has which makes an image of so many files and reads it back.
  int64_t PeakBytes(int files) {
    const pid_t child = ::fork();
    if (child == 0) {
      Tree tree;
      for (int i = 0; i < files; ++i) {
        tree.AddLiteral(fmt::format("/folder-{}/file-{}", i / 1000, i), fmt::format("{:040}", i));
      }
      tests::WriteImage(tree, At("image"), "zstd");
      ReadBack(At("image"), tree, {});
      ::_exit(0);
    }
    int status = 0;
    rusage usage{};
    ::wait4(child, &status, 0, &usage);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return int64_t{usage.ru_maxrss} * 1024;
  }
};

// Here the 40 bytes of its content are among it. A million on disk then take less than 256 MiB,
// with what any build takes.
TEST_F(MemoryTest, ASmallFileTakesLittleOfIt) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need memory of their own";
#endif
  constexpr int kFiles = 200'000;
  constexpr int kFew = 1000;
  EXPECT_LT((PeakBytes(kFiles) - PeakBytes(kFew)) / (kFiles - kFew), 400);
}

}  // namespace
}  // namespace builder
