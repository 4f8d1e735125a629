#include "tests/support/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <stdexcept>

namespace tests {
namespace {

constexpr int kLookMs = 20;  // how often a waiting thread looks whether it must end

// Whether there is something to read before `is_ending`.
bool WaitFor(int fd, const std::atomic<bool>& is_ending) {
  while (!is_ending) {
    pollfd one{fd, POLLIN, 0};
    if (::poll(&one, 1, kLookMs) > 0) return true;
  }
  return false;
}

// Appends what comes; false: it is at its end.
bool ReadMore(int fd, std::string& out, const std::atomic<bool>& is_ending) {
  char buffer[65536];
  if (!WaitFor(fd, is_ending)) return false;
  const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
  if (got > 0) out.append(buffer, static_cast<size_t>(got));
  return got > 0;
}

void SendAll(int fd, const std::string& bytes) {
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t now = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) return;
    sent += static_cast<size_t>(now);
  }
}

HttpRequest ParseHead(const std::string& head) {
  HttpRequest out;
  std::istringstream lines(head);
  std::string line;
  lines >> out.method >> out.target;
  std::getline(lines, line);
  while (std::getline(lines, line) && line != "\r") {
    const size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    out.headers[name] = line.substr(colon + 2, line.size() - colon - 3);
  }
  return out;
}

}  // namespace

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, any, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, any, &size) != 0) {
    throw std::runtime_error("no port to listen on");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  is_ending_ = true;
  acceptor_.join();
  for (std::thread& connection : connections_) connection.join();
  ::close(listener_);
}

std::string ScriptedServer::Url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<HttpRequest> ScriptedServer::Requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::Accept() {
  while (WaitFor(listener_, is_ending_)) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) {
      connections_.emplace_back([this, fd] {
        Serve(fd);
        ::close(fd);
      });
    }
  }
}

void ScriptedServer::Serve(int fd) {
  std::string read;
  for (;;) {
    size_t end = 0;
    while ((end = read.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadMore(fd, read, is_ending_)) return;
    }
    HttpRequest request = ParseHead(read.substr(0, end + 4));
    read.erase(0, end + 4);
    const auto length = request.headers.find("content-length");
    const size_t body_bytes = length == request.headers.end() ? 0 : std::stoul(length->second);
    while (read.size() < body_bytes) {
      if (!ReadMore(fd, read, is_ending_)) return;
    }
    request.body = read.substr(0, body_bytes);
    read.erase(0, body_bytes);
    HttpReaction reaction;
    {
      const std::lock_guard lock(mutex_);
      request.number = requests_.size();
      requests_.push_back(request);
      reaction = script_(request);
    }
    SendAll(fd, reaction.bytes);
    while (reaction.is_stuck && !is_ending_) ::poll(nullptr, 0, kLookMs);
    if (reaction.is_last || reaction.is_stuck) return;
  }
}

std::string HttpAnswerText(int status, const std::string& body,
                           const std::vector<std::string>& headers) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " Said\r\n";
  for (const std::string& header : headers) out += header + "\r\n";
  return out + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace tests
