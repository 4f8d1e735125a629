// Two ends of a conversation within the test's process.
#ifndef TESTS_PUSHER_PIPE_H_
#define TESTS_PUSHER_PIPE_H_

#include <sys/socket.h>

#include <array>
#include <csignal>
#include <stdexcept>

#include "base/unique_fd.h"

namespace tests {

struct SocketPair {
  base::UniqueFd a;
  base::UniqueFd b;
  SocketPair() {
    std::signal(SIGPIPE, SIG_IGN);  // as base::RunTool does
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
      throw std::runtime_error("socketpair");
    }
    a.Reset(fds[0]);
    b.Reset(fds[1]);
  }
};

}  // namespace tests

#endif  // TESTS_PUSHER_PIPE_H_
