#include "base/confirm.h"

#include <poll.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/interrupt.h"

namespace base {

namespace {

// With its newline; without one where the input ended.
std::string ReadAnswer(const Io& io) {
  std::string answer;
  for (char c = '\0'; c != '\n';) {
    ThrowIfInterrupted();
    // Wakes now and then: a signal that comes just before poll must not be missed for ever.
    constexpr int kWakeMilliseconds = 200;
    pollfd fd{io.in, POLLIN, 0};
    if (::poll(&fd, 1, kWakeMilliseconds) <= 0) {
      continue;
    }
    if (::read(io.in, &c, 1) <= 0) {
      ThrowIfInterrupted();
      io.Err("\n");
      break;
    }
    answer += c;
  }
  return answer;
}

// What is typed is not shown while this lives. What is no terminal shows nothing anyway.
class Unseen {
 public:
  explicit Unseen(int fd) : fd_(fd), is_terminal_(::tcgetattr(fd, &before_) == 0) {
    if (is_terminal_) {
      termios unseen = before_;
      unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      ::tcsetattr(fd_, TCSADRAIN, &unseen);
    }
  }
  ~Unseen() {
    if (is_terminal_) {
      ::tcsetattr(fd_, TCSADRAIN, &before_);
    }
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  const int fd_;
  termios before_{};
  const bool is_terminal_;
};

}  // namespace

bool Confirm(const Io& io, const std::string& question) {
  io.Err("{} [y/N] ", question);
  std::string answer = ReadAnswer(io);
  std::ranges::transform(answer, answer.begin(), [](unsigned char c) { return std::tolower(c); });
  return answer == "y\n" || answer == "yes\n";
}

std::string AskSecret(const Io& io, const std::string& question) {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const Unseen unseen(io.in);
  io.Err("{}", question);
  std::string answer = ReadAnswer(io);
  if (answer.ends_with('\n')) {
    answer.pop_back();
    io.Err("\n");
  }
  if (answer.empty()) {
    Fail(ExitCode::kUsage, "nothing was typed");
  }
  return answer;
}

}  // namespace base
