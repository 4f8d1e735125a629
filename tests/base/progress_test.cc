#include "base/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <pty.h>

#include <array>
#include <thread>

#include "tests/support/scratch.h"

namespace base {
namespace {

class ProgressTest : public tests::ScratchTest {
 protected:
  // What is shown while half of `total_bytes` is done.
  std::string Shown(bool terminal, uint64_t total_bytes) {
    const UniqueFd err = Open(At("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    Io io;
    io.err = err.get();
    io.err_is_terminal = terminal;
    {
      Progress progress(io, "sending", total_bytes);
      std::this_thread::sleep_for(std::chrono::milliseconds(120));
      progress.Add(5'000'000);
    }
    return Get("err");
  }
};

TEST_F(ProgressTest, IsNothingWithoutATerminal) { EXPECT_EQ(Shown(false, 10'000'000), ""); }

TEST_F(ProgressTest, IsOneLineThatIsErasedInTheEnd) {
  const std::string shown = Shown(true, 10'000'000);
  EXPECT_THAT(shown, ::testing::StartsWith("\r\033[Ksending 5.0 MB of 10.0 MB (50%), "));
  EXPECT_THAT(shown, ::testing::HasSubstr(" s left"));
  EXPECT_THAT(shown, ::testing::EndsWith("\r\033[K"));
  EXPECT_EQ(shown.find('\n'), std::string::npos);
}

TEST_F(ProgressTest, ShowsTheCountAloneWhereTheTotalIsUnknown) {
  const std::string shown = Shown(true, 0);
  EXPECT_THAT(shown, ::testing::StartsWith("\r\033[Ksending 5.0 MB, "));
  EXPECT_EQ(shown.find('%'), std::string::npos);
}

// What a terminal of that many columns gets.
std::string ShownOnTerminal(uint16_t columns) {
  int terminal = -1;
  int program = -1;
  const winsize size{24, columns, 0, 0};
  if (::openpty(&terminal, &program, nullptr, nullptr, &size) != 0) {
    return "openpty failed";
  }
  const UniqueFd terminal_fd(terminal);
  UniqueFd program_fd(program);
  Io io;
  io.err = program;
  io.err_is_terminal = ::isatty(program) == 1;
  {
    Progress progress(io, "sending", 10'000'000, 20);
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    progress.Add(5'000'000);
  }
  program_fd.Reset();
  // The kernel hands over what was written piece by piece, and says EIO behind the last of it.
  std::string shown;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t length = ::read(terminal, piece.data(), piece.size());
    if (length <= 0) {
      return shown;
    }
    shown.append(piece.data(), static_cast<size_t>(length));
  }
}

TEST_F(ProgressTest, FitsIntoTheTerminal) {
  const std::string erased = "\r\033[K";
  EXPECT_EQ(ShownOnTerminal(20), erased + "sending 5.0 MB of 1" + erased);
  EXPECT_THAT(ShownOnTerminal(200), ::testing::HasSubstr(" left" + erased));
  EXPECT_THAT(ShownOnTerminal(0), ::testing::HasSubstr(" left" + erased));  // a size nobody set
}

TEST_F(ProgressTest, CountsFiles) {
  const auto shown = [this](uint64_t total_files) {
    const UniqueFd err = Open(At("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    Io io;
    io.err = err.get();
    io.err_is_terminal = true;
    {
      Progress progress(io, "reading", 0, total_files);
      progress.AddFile();
      std::this_thread::sleep_for(std::chrono::milliseconds(120));
      progress.AddFile();
    }
    return Get("err");
  };
  EXPECT_THAT(shown(0), ::testing::HasSubstr("reading 0 B, 2 files, "));
  EXPECT_THAT(shown(30), ::testing::HasSubstr("reading 0 B, 2 of 30 files, "));
}

TEST_F(ProgressTest, IsNotDrawnForWhatIsDoneAtOnce) {
  const UniqueFd err = Open(At("err"), O_WRONLY | O_CREAT, 0600);
  Io io;
  io.err = err.get();
  io.err_is_terminal = true;
  Progress(io, "sending", 10).Add(10);
  EXPECT_EQ(Get("err"), "");
}

TEST_F(ProgressTest, ThreadsMayAddAtOnce) {
  const UniqueFd err = Open(At("err"), O_WRONLY | O_CREAT, 0600);
  Io io;
  io.err = err.get();
  io.err_is_terminal = true;
  Progress progress(io, "sending", 4000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        progress.Add(1);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  progress.Add(0);
  EXPECT_THAT(Get("err"), ::testing::HasSubstr("sending 4.0 KB of 4.0 KB (100%)"));
}

TEST(CountedTest, HasAPluralButForOne) {
  EXPECT_EQ(Counted(0, "package"), "0 packages");
  EXPECT_EQ(Counted(1, "package"), "1 package");
  EXPECT_EQ(Counted(7, "package"), "7 packages");
}

TEST(HumanBytesTest, UsesDecimalUnits) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1000), "1.0 KB");
  EXPECT_EQ(HumanBytes(41'200'000), "41.2 MB");
  EXPECT_EQ(HumanBytes(999'949), "999.9 KB");
  EXPECT_EQ(HumanBytes(999'999), "1.0 MB");
  EXPECT_EQ(HumanBytes(999'999'999), "1.00 GB");
  EXPECT_EQ(HumanBytes(1'234'000'000'000), "1234.00 GB");
}

TEST(HumanSecondsTest, IsAsExactAsAGuess) {
  EXPECT_EQ(HumanSeconds(0), "0 s");
  EXPECT_EQ(HumanSeconds(119), "119 s");
  EXPECT_EQ(HumanSeconds(120), "2 min");
  EXPECT_EQ(HumanSeconds(7199), "119 min");
  EXPECT_EQ(HumanSeconds(7200), "2 h");
}

}  // namespace
}  // namespace base
