#include "builder/trial/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "images/service/listen_address.h"

namespace builder {
namespace {

base::UniqueFd NewSocket(int family, int type) {
  base::UniqueFd out(::socket(family, type | SOCK_CLOEXEC, 0));
  if (!out.valid()) {
    base::FailErrno(errno, "cannot make a socket");
  }
  return out;
}

template <typename Address>
void Bind(int socket, const Address& address, const std::string& text) {
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    base::FailErrno(errno, "cannot open the socket {}", text);
  }
}

void BindPath(int socket, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy_n(path.begin(), std::min(path.size(), sizeof address.sun_path - 1), address.sun_path);
  base::MakeDirectories(base::ParentOf(path));
  Bind(socket, address, path);
  if (::chmod(path.c_str(), 0666) != 0) {
    base::FailErrno(errno, "cannot let the service use {}", path);
  }
}

void BindPort(int socket, const images::ListenAddress& at, const std::string& text) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<uint16_t>(at.port));
  const bool is_four = !at.address.empty() && at.address.find(':') == std::string::npos;
  const std::string six = is_four ? "::ffff:" + at.address : at.address;
  if (!six.empty() && ::inet_pton(AF_INET6, six.c_str(), &address.sin6_addr) != 1) {
    base::Fail(base::ExitCode::kFailed, "{} is no address", at.address);
  }
  Bind(socket, address, text);
}

}  // namespace

void RaiseLoopback() {
  const base::UniqueFd socket = NewSocket(AF_INET, SOCK_DGRAM);
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    base::FailErrno(errno, "cannot bring up the sandbox's network");
  }
}

base::UniqueFd Listen(const std::string& text) {
  const auto at = images::ParseListenAddress(text);
  if (!at) {
    base::Fail(base::ExitCode::kFailed, "{} is no address to listen at", text);
  }
  base::UniqueFd out = NewSocket(at->path.empty() ? AF_INET6 : AF_UNIX, SOCK_STREAM);
  if (at->path.empty()) {
    BindPort(out.get(), *at, text);
  } else {
    BindPath(out.get(), at->path);
  }
  if (::listen(out.get(), SOMAXCONN) != 0) {
    base::FailErrno(errno, "cannot listen at {}", text);
  }
  return out;
}

void PassSockets(const std::vector<base::UniqueFd>& sockets,
                 std::map<std::string, std::string>& environment) {
  if (sockets.empty()) {
    return;
  }
  constexpr int kFirst = 3;
  const int above = kFirst + static_cast<int>(sockets.size());
  std::vector<int> copies;  // out of the way of those that are put in place
  copies.reserve(sockets.size());
  for (const base::UniqueFd& socket : sockets) {
    copies.push_back(::fcntl(socket.get(), F_DUPFD_CLOEXEC, above));
  }
  for (size_t i = 0; i < copies.size(); ++i) {
    if (::dup2(copies[i], kFirst + static_cast<int>(i)) < 0) {
      base::FailErrno(errno, "cannot pass a socket");
    }
  }
  environment["LISTEN_FDS"] = std::to_string(sockets.size());
  environment["LISTEN_PID"] = std::to_string(::getpid());
}

base::UniqueFd ReceiveNotifications() {
  base::UniqueFd out = NewSocket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK);
  const int on = 1;
  if (::setsockopt(out.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    base::FailErrno(errno, "cannot ask who says that it is ready");
  }
  BindPath(out.get(), kNotifySocket);
  return out;
}

std::vector<pid_t> SayReady(int socket) {
  std::vector<pid_t> out;
  std::array<char, 4096> buffer{};
  iovec part{buffer.data(), buffer.size()};
  for (;;) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred)) + 256> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (size <= 0) {
      return out;
    }
    const std::string text = "\n" + std::string(buffer.data(), static_cast<size_t>(size));
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr;
         head = CMSG_NXTHDR(&message, head)) {
      ucred sender{};
      if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_CREDENTIALS) {
        std::memcpy(&sender, CMSG_DATA(head), sizeof sender);
        if (text.find("\nREADY=1") != std::string::npos) {
          out.push_back(sender.pid);
        }
      }
    }
  }
}

}  // namespace builder
