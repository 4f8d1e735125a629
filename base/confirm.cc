#include "base/confirm.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/interrupt.h"

namespace base {

bool Confirm(const Io& io, const std::string& question) {
  io.Err("{} [y/N] ", question);
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
      return false;
    }
    answer += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return answer == "y\n" || answer == "yes\n";
}

}  // namespace base
