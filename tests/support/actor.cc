// A static program that does what its arguments say: the services, hooks and checks of images for
// tests.
//   actor serve PORT FAILURES TEXT   answers HTTP: FAILURES times status 500, then 200 and TEXT
//   actor serve-secret PORT KEY      answers with its credential KEY; ends with 7 where it is "bad"
//   actor has-secret KEY             ends well where it has that credential
//   actor exit SECONDS STATUS TEXT   says TEXT, waits and ends
//   actor dial PORT                  listens, and begins connections to PORT and the next
//   actor stubborn                   runs, and ignores SIGTERM
//   actor cut-off INTERFACE          takes that network interface down for as long as it runs
//   actor ping                       tells systemd, again and again, that it is ready and runs
//   actor note NAME TEXT             adds "TEXT uid=N" to the file NAME in its state directory
//   actor expect NAME TEXT           ends well where that file's last line is "TEXT uid=N" of its
//   own
//   actor lack NAME TEXT             ends well where no line of that file is
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

namespace {

std::string StatePath(const std::string& name) {
  const char* directory = std::getenv("STATE_DIRECTORY");
  return std::string(directory == nullptr ? "/nowhere" : directory) + "/" + name;
}

std::string Line(const std::string& text) { return text + " uid=" + std::to_string(getuid()); }

int Note(const std::string& name, const std::string& text) {
  std::ofstream file(StatePath(name), std::ios::app);
  file << Line(text) << std::endl;
  std::cerr << "noted " << text << std::endl;
  return file ? 0 : 1;
}

bool Has(const std::string& name, const std::string& text) {
  std::ifstream file(StatePath(name));
  for (std::string line; std::getline(file, line);) {
    if (line == Line(text)) return true;
  }
  return false;
}

int Expect(const std::string& name, const std::string& text) {
  if (Has(name, text)) return 0;
  std::cerr << "there is no '" << Line(text) << "'" << std::endl;
  return 1;
}

sockaddr_in Loopback(int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<uint16_t>(port));
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

int Serve(int port, int failures, const std::string& text) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address = Loopback(port);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 16) != 0) {
    std::perror("actor: listen");
    return 1;
  }
  for (;;) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    char request[4096];
    const bool fails = failures > 0;
    if (read(fd, request, sizeof request) > 0) {
      const std::string body = fails ? "no database yet" : text;
      if (fails) std::cerr << "answered 500, " << failures-- << " to go" << std::endl;
      const std::string answer =
          std::string("HTTP/1.1 ") + (fails ? "500 Error" : "200 OK") +
          "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
          body;
      (void)!send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
    close(fd);
  }
}

std::string Credential(const std::string& key) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  std::ifstream file(std::string(directory == nullptr ? "/nowhere" : directory) + "/" + key);
  std::string text;
  return std::getline(file, text) ? text : "none";
}

int ServeSecret(int port, const std::string& key) {
  const std::string text = Credential(key);
  if (text == "bad") {
    std::cerr << "the secret is wrong" << std::endl;
    return 7;
  }
  return Serve(port, 0, text);
}

int Dial(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(port);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 16) != 0) {
    return 1;
  }
  for (int to = port; to <= port + 1; ++to) {
    address = Loopback(to);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)!connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  for (;;) pause();
}

int CutOff(const std::string& interface) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  interface.copy(request.ifr_name, sizeof request.ifr_name - 1);
  const auto set = [&](bool up) {
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) return false;
    request.ifr_flags =
        static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  };
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  sigprocmask(SIG_BLOCK, &end, nullptr);
  if (!set(false)) {
    std::perror("actor: cut-off");
    return 1;
  }
  int number = 0;
  sigwait(&end, &number);
  return set(true) ? 0 : 1;
}

int Ping() {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return 1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path;
  name.copy(address.sun_path, sizeof address.sun_path - 1);
  if (address.sun_path[0] == '@') address.sun_path[0] = 0;
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const std::string text = "READY=1\nWATCHDOG=1";
  for (;;) {
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (sendto(fd, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&address), size) < 0) {
      std::perror("actor: notify");
      return 1;
    }
    sleep(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "serve" && argc == 5) return Serve(std::atoi(argv[2]), std::atoi(argv[3]), argv[4]);
  if (what == "serve-secret" && argc == 4) return ServeSecret(std::atoi(argv[2]), argv[3]);
  if (what == "has-secret" && argc == 3) return Credential(argv[2]) == "none" ? 1 : 0;
  if (what == "dial" && argc == 3) return Dial(std::atoi(argv[2]));
  if (what == "cut-off" && argc == 3) return CutOff(argv[2]);
  if (what == "ping") return Ping();
  if (what == "note" && argc == 4) return Note(argv[2], argv[3]);
  if (what == "expect" && argc == 4) return Expect(argv[2], argv[3]);
  if (what == "lack" && argc == 4) return Has(argv[2], argv[3]) ? 1 : 0;
  if (what == "exit" && argc == 5) {
    std::cerr << argv[4] << std::endl;
    sleep(static_cast<unsigned>(std::atoi(argv[2])));
    return std::atoi(argv[3]);
  }
  if (what == "stubborn") {
    signal(SIGTERM, SIG_IGN);
    for (;;) pause();
  }
  return 2;
}
