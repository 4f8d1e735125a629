#include "base/io.h"

#include <fcntl.h>

#include <cerrno>

#include "base/error.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace base {
namespace {

using IoTest = tests::ScratchTest;

TEST_F(IoTest, KeepsResultsAndWordsApart) {
  const UniqueFd out = Open(At("out"), O_WRONLY | O_CREAT, 0600);
  const UniqueFd err = Open(At("err"), O_WRONLY | O_CREAT, 0600);
  const Io io{0, out.get(), err.get(), false};
  io.Out("{}\n", 1);
  io.Err("{}\n", "words");
  EXPECT_EQ(Get("out"), "1\n");
  EXPECT_EQ(Get("err"), "words\n");
}

TEST_F(IoTest, WordsTakeThePlaceOfATerminalsLine) {
  const UniqueFd err = Open(At("err"), O_WRONLY | O_CREAT, 0600);
  const Io io{0, 1, err.get(), /*err_is_terminal=*/true};
  io.WriteErr("half done");
  io.Err("{}\n", "warning");
  EXPECT_EQ(Get("err"), "half done\r\033[Kwarning\n");
}

TEST_F(IoTest, LostResultIsAnErrorLostWordsAreNot) {
  const UniqueFd full = Open("/dev/full", O_WRONLY);
  const Io io{0, full.get(), full.get(), false};
  EXPECT_EQ(tests::ErrorOf([&] { io.WriteOut("result"); }).error_number(), ENOSPC);
  io.WriteErr("words");
}

}  // namespace
}  // namespace base
