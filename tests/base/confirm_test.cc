#include "base/confirm.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "tests/support/scratch.h"

namespace base {
namespace {

class ConfirmTest : public tests::ScratchTest {
 protected:
  bool Answer(const std::string& typed) {
    const UniqueFd in = OpenForReading(Put("in", typed));
    const UniqueFd err = Open(At("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    Io io;
    io.in = in.get();
    io.err = err.get();
    return Confirm(io, "Do it?");
  }
};

TEST_F(ConfirmTest, OnlyYesIsYes) {
  for (const char* typed : {"y\n", "Y\n", "yes\n", "YES\nmore\n"}) {
    EXPECT_TRUE(Answer(typed)) << typed;
  }
  for (const char* typed : {"", "y", "\n", "n\n", "yess\n", " y\n"}) {
    EXPECT_FALSE(Answer(typed)) << typed;
  }
  EXPECT_EQ(Get("err"), "Do it? [y/N] ");
}

}  // namespace
}  // namespace base
