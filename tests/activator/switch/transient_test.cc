// The terminal of whoever follows a switch: it never holds the switch up.
#include "activator/switch/transient.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <termios.h>

#include <array>

#include "base/file.h"

namespace activator {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class FollowersTerminalTest : public ::testing::Test {
 protected:
  FollowersTerminalTest() {
    int person = -1;
    int program = -1;
    EXPECT_EQ(::openpty(&person, &program, nullptr, nullptr, nullptr), 0);
    person_.Reset(person);
    program_.Reset(program);
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    input_.Reset(pipe[0]);
    follower_.Reset(pipe[1]);
    io_.in = input_.get();
    io_.err = program;
    io_.err_is_terminal = true;
  }
  // All that the person has seen.
  std::string Seen() {
    program_.Reset();
    std::string out;
    std::array<char, 4096> piece{};
    for (ssize_t length = 1; length > 0;) {
      length = ::read(person_.get(), piece.data(), piece.size());
      out.append(piece.data(), length > 0 ? static_cast<size_t>(length) : 0);
    }
    return out;
  }

  base::UniqueFd person_;
  base::UniqueFd program_;
  base::UniqueFd input_;
  base::UniqueFd follower_;
  base::Io io_;
};

TEST_F(FollowersTerminalTest, OneThatIsStoppedIsNotWaitedFor) {
  {
    const FollowersTerminal terminal(io_);
    ASSERT_EQ(::tcflow(program_.get(), TCOOFF), 0);  // Ctrl-S
    {
      base::ChangingLine line(io_);
      line.Show("1 of 30 s");
    }
    io_.Err("activate: a note\n");
    ASSERT_EQ(::tcflow(program_.get(), TCOON), 0);
    base::ChangingLine line(io_);
    line.Show("9 of 30 s");
  }
  EXPECT_THAT(Seen(), HasSubstr("9 of 30 s"));
}

TEST_F(FollowersTerminalTest, NothingIsDrawnOnceTheFollowerIsGone) {
  {
    const FollowersTerminal terminal(io_);
    base::ChangingLine line(io_);
    line.Show("1 of 30 s");
    follower_.Reset();
    line.Show("2 of 30 s");
    line.Show("3 of 30 s");
  }
  EXPECT_THAT(Seen(), EndsWith("1 of 30 s"));
}

TEST_F(FollowersTerminalTest, WhatIsNoTerminalIsLeftAsItIs) {
  io_.err_is_terminal = false;
  const FollowersTerminal terminal(io_);
  EXPECT_EQ(io_.err, program_.get());
  EXPECT_EQ(io_.status, nullptr);
}

}  // namespace
}  // namespace activator
