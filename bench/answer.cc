// A static program that answers each connection on port 8080 with a line: the smallest service that
// can be asked. It takes a socket that systemd holds for it, or makes its own, and ends between two
// connections when it is told to.
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

constexpr int kFirstInherited = 3;  // sd_listen_fds(3)
constexpr uint16_t kPort = 8080;

int OwnSocket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, SOMAXCONN) != 0) {
    std::exit(1);
  }
  return fd;
}

// Takes SIGTERM only here.
bool WaitForConnection(int listening) {
  pollfd poll{listening, POLLIN, 0};
  sigset_t none{};
  sigemptyset(&none);
  return ::ppoll(&poll, 1, nullptr, &none) == 1;
}

}  // namespace

int main() {
  sigset_t term{};
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, nullptr);
  const int listening = std::getenv("LISTEN_FDS") != nullptr ? kFirstInherited : OwnSocket();
  while (WaitForConnection(listening)) {
    const int connection = ::accept(listening, nullptr, nullptr);
    if (connection < 0) {
      return 1;
    }
    char request = 0;
    if (::read(connection, &request, 1) == 1 && ::write(connection, "here\n", 5) != 5) {
      return 1;
    }
    ::close(connection);
  }
}
