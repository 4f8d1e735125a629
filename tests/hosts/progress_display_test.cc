#include "hosts/progress_display.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "tests/support/scratch.h"

namespace hosts {
namespace {

class BoardTest : public tests::ScratchTest {
 protected:
  base::Io Terminal() {
    out_ = base::Open(At("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    err_ = base::Open(At("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    base::Io io;
    io.out = out_.get();
    io.err = err_.get();
    io.err_is_terminal = true;
    return io;
  }
  // What was written to the terminal since the last call.
  std::string Written() {
    const std::string all = Get("err");
    return all.substr(std::exchange(seen_, all.size()));
  }

  base::UniqueFd out_;
  base::UniqueFd err_;
  size_t seen_ = 0;
};

TEST_F(BoardTest, ShowsALineForEachAndTakesThemAway) {
  const base::Io io = Terminal();
  ProgressDisplay board(io);
  {
    ProgressDisplay::Line one(board);
    ProgressDisplay::Line two(board);
    one.Show("a: sending");
    EXPECT_EQ(Written(), "a: sending");
    two.Show("b: sending");
    EXPECT_EQ(Written(), "\r\033[Ja: sending\nb: sending");
    one.Show("a: done");
    EXPECT_EQ(Written(), "\033[1A\r\033[Ja: done\nb: sending");
  }
  EXPECT_EQ(Written(), "\033[1A\r\033[Ja: done\r\033[J");
}

TEST_F(BoardTest, LogLinesGoAboveTheLines) {
  const base::Io io = Terminal();
  const base::LogOutput output(io);
  base::SetLogLevel(base::LogLevel::kInfo);
  ProgressDisplay board(io);
  ProgressDisplay::Line line(board);
  line.Show("a: sending");
  Written();
  base::LogInfo("connecting again");
  EXPECT_THAT(Written(), testing::MatchesRegex("\r.\\[J.* info: connecting again\na: sending"));
}

TEST_F(BoardTest, TextThatStaysGoesAboveTheLines) {
  const base::Io io = Terminal();
  ProgressDisplay board(io);
  ProgressDisplay::Line line(board);
  line.Show("a: sending");
  Written();
  board.WriteErr("b: failed\n");
  EXPECT_EQ(Written(), "\r\033[Jb: failed\na: sending");
  board.WriteOut("c: done\n");
  EXPECT_EQ(Written(), "\r\033[Ja: sending");
  EXPECT_EQ(Get("out"), "c: done\n");
}

TEST_F(BoardTest, LinesThatWouldWrapAreCutAndThoseBeyondTheScreenLeftOut) {
  const base::Io io = Terminal();
  ProgressDisplay board(io);
  std::list<ProgressDisplay::Line> lines;
  for (int i = 0; i < 40; ++i) {
    lines.emplace_back(board).Show(std::string(200, 'x'));
  }
  Written();
  lines.back().Show("y");
  const std::string shown = Written();
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 22);  // of 24
  EXPECT_THAT(shown, ::testing::EndsWith("\n" + std::string(79, 'x')));
}

TEST_F(BoardTest, ProgressGoesToTheLineThatItBelongsTo) {
  const base::Io io = Terminal();
  ProgressDisplay board(io);
  ProgressDisplay::Line line(board);
  base::Progress progress(board.IoFor(line), "a: sending", 10'000'000);
  ::usleep(120'000);
  progress.Add(5'000'000);
  EXPECT_THAT(Written(), ::testing::StartsWith("a: sending 5.0 MB of 10.0 MB (50%)"));
}

TEST_F(BoardTest, WithoutATerminalThereAreNoLines) {
  base::Io io = Terminal();
  io.err_is_terminal = false;
  {
    ProgressDisplay board(io);
    ProgressDisplay::Line line(board);
    line.Show("a: sending");
    board.WriteErr("b: failed\n");
  }
  EXPECT_EQ(Get("err"), "b: failed\n");
}

}  // namespace
}  // namespace hosts
