#include "base/confirm.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <thread>

#include "base/error.h"
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

// A terminal: what is typed comes back on it unless it is told not to.
TEST(AskSecretTest, IsNotShownAndTheTerminalIsAsBefore) {
  int ours = -1;
  int its = -1;
  ASSERT_EQ(::openpty(&ours, &its, nullptr, nullptr, nullptr), 0);
  const UniqueFd us(ours);
  const UniqueFd it(its);
  Io io;
  io.in = io.err = its;
  std::string secret;
  std::thread asks([&] { secret = AskSecret(io, "Password: "); });
  std::string shown;
  const auto read_until = [&](const std::string& end) {
    for (char c = '\0'; !shown.ends_with(end) && ::read(ours, &c, 1) == 1;) {
      shown += c;
    }
  };
  read_until("Password: ");
  WriteAll(ours, AsBytes("open sesame\n"), "the terminal");
  asks.join();
  EXPECT_EQ(secret, "open sesame");
  WriteAll(ours, AsBytes("seen\n"), "the terminal");
  read_until("seen\r\n");
  EXPECT_EQ(shown, "Password: \r\nseen\r\n");
}

TEST_F(ConfirmTest, ASecretIsALineAndNotEmpty) {
  const UniqueFd err = Open(At("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  Io io;
  io.err = err.get();
  const UniqueFd some = OpenForReading(Put("in", "Se cret\nmore\n"));
  io.in = some.get();
  EXPECT_EQ(AskSecret(io, "? "), "Se cret");
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);  // no core file has it
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  const UniqueFd none = OpenForReading(Put("none", "\n"));
  io.in = none.get();
  EXPECT_THROW(AskSecret(io, "? "), Error);
}

}  // namespace
}  // namespace base
