// A program as somebody sees it who sits at a terminal.
#ifndef TESTS_BUILDER_ON_TERMINAL_H_
#define TESTS_BUILDER_ON_TERMINAL_H_

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <vector>

namespace tests {

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
  void Signal(int number) const { ASSERT_EQ(::kill(pid_, number), 0); }
  bool ShowsWhatIsTyped() const {
    termios state{};
    return ::tcgetattr(terminal_, &state) == 0 && (state.c_lflag & ECHO) != 0;
  }
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

}  // namespace tests

#endif  // TESTS_BUILDER_ON_TERMINAL_H_
