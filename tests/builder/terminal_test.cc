// imgbuild as somebody sees it who sits at a terminal: the program itself, on a pseudo-terminal.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <random>

#include "base/atomic_file.h"
#include "base/file.h"
#include "tests/builder/sample_trees.h"
#include "tests/support/run.h"

namespace builder {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kErased = "\r\033[K";

// A program whose standard streams are a terminal of its own.
class OnTerminal {
 public:
  explicit OnTerminal(std::vector<std::string> argv) {
    std::vector<char*> pointers;
    for (std::string& argument : argv) {
      pointers.push_back(argument.data());
    }
    pointers.push_back(nullptr);
    winsize size{24, 120, 0, 0};
    pid_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
    if (pid_ == 0) {
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
  }
  ~OnTerminal() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(terminal_);
  }
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  // Reads until the screen got `text` or the program is gone; all that it got so far.
  const std::string& ReadUntil(const std::string& text) {
    constexpr int kPatienceMs = 60000;
    pollfd polled{terminal_, POLLIN, 0};
    std::array<char, 4096> piece{};
    while (shown_.find(text) == std::string::npos && ::poll(&polled, 1, kPatienceMs) > 0) {
      const ssize_t length = ::read(terminal_, piece.data(), piece.size());
      if (length <= 0) {  // EIO: nobody has the other side open
        break;
      }
      shown_.append(piece.data(), static_cast<size_t>(length));
    }
    return shown_;
  }
  void Press(char key) const { ASSERT_EQ(::write(terminal_, &key, 1), 1); }
  const std::string& ReadAll() { return ReadUntil("nothing shows this"); }
  int ExitCode() const {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  int terminal_ = -1;
  pid_t pid_ = -1;
  std::string shown_;
};

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() {
    base::MakeDirectories(root_ + "/bin");
    std::mt19937_64 random(1);
    for (int i = 0; i < 10; ++i) {  // each is compressed by itself
      base::WriteFileAtomically(fmt::format("{}/bin/app{}", root_, i),
                                tests::RandomText(random, 400000), 0755);
    }
  }

  // Slow enough to show something.
  std::vector<std::string> Command() const {
    return {SLIPWAY_IMGBUILD, "--name", "app",     "--exec", "/bin/app0", "--root", root_,
            "--output",       output_,  "--level", "19",     "--threads", "1",      "--no-cache"};
  }

  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-terminal-"};
  const std::string root_ = folder_.path() + "/root";
  const std::string output_ = folder_.path() + "/output";
};

TEST_F(TerminalTest, ABuildShowsHowFarItIsAndLeavesItsResultAlone) {
  OnTerminal build(Command());
  const std::string shown = build.ReadAll();
  EXPECT_EQ(build.ExitCode(), 0) << shown;
  EXPECT_THAT(shown, HasSubstr(std::string(kErased) + "compressing "));
  EXPECT_THAT(shown, HasSubstr(" of 4.0 MB ("));
  EXPECT_THAT(shown, ContainsRegex("\\), [0-9]+ of [0-9]+ files, [0-9.]+ .B/s, [0-9]+ s left"));
  const size_t message = shown.find("app: 4.0 MB of ");
  ASSERT_NE(message, std::string::npos) << shown;
  EXPECT_THAT(shown.substr(0, message), EndsWith(kErased));
  EXPECT_THAT(shown.substr(message), Not(HasSubstr("\033")));
}

TEST_F(TerminalTest, AnInterruptedBuildTakesItsLineAway) {
  OnTerminal build(Command());
  build.ReadUntil("compressing ");
  ASSERT_NO_FATAL_FAILURE(build.Press('\x03'));  // Ctrl-C
  const std::string shown = build.ReadAll();
  EXPECT_EQ(build.ExitCode(), 130) << shown;
  const size_t message = shown.find("interrupted");
  ASSERT_NE(message, std::string::npos) << shown;
  EXPECT_THAT(shown.substr(0, message), HasSubstr(kErased));
  EXPECT_EQ(shown.find("compressing", shown.rfind(kErased)), std::string::npos) << shown;
  EXPECT_TRUE(base::ListDirectory(output_ + "/app").empty());
}

TEST_F(TerminalTest, APipeGetsWordsAlone) {
  const tests::RunResult built = tests::RunCommand(Command());
  EXPECT_EQ(built.exit_code, 0) << built.err;
  EXPECT_THAT(built.err, testing::StartsWith("app: 4.0 MB of "));
  EXPECT_THAT(built.err + built.out, Not(HasSubstr("\033")));
  EXPECT_THAT(built.err + built.out, Not(HasSubstr("\r")));
}

}  // namespace
}  // namespace builder
