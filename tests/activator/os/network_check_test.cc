#include "activator/os/network_check.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kLong{20000};

// Answers each connection with the same bytes once it has read the end of a request's headers.
class Server {
 public:
  // `path`: of a unix socket; empty: a port of its own.
  explicit Server(std::string answer, bool closes = true, const std::string& path = "")
      : answer_(std::move(answer)), closes_(closes) {
    if (!path.empty()) {
      ListenAt(path);
      return;
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
      throw std::runtime_error("no server");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~Server() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/x?y=1"; }
  std::string Address() const { return "127.0.0.1:" + std::to_string(port_); }
  uint64_t port() const { return port_; }
  std::string request() const {  // the last one, once it was answered
    const std::lock_guard lock(mutex_);
    return request_;
  }

 private:
  void ListenAt(const std::string& path) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 8) != 0) {
      throw std::runtime_error("no server");
    }
    thread_ = std::thread([this] { Serve(); });
  }
  void Serve() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) {
        return;
      }
      std::string read;
      char buffer[4096];
      ssize_t got = 1;
      while (got > 0 && read.find("\r\n\r\n") == std::string::npos) {
        got = ::read(fd, buffer, sizeof buffer);
        read.append(buffer, static_cast<size_t>(std::max<ssize_t>(got, 0)));
      }
      {
        const std::lock_guard lock(mutex_);
        request_ = read;
      }
      for (size_t at = 0; at < answer_.size();) {
        const ssize_t sent = ::send(fd, answer_.data() + at, answer_.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) {
          break;
        }
        at += static_cast<size_t>(sent);
      }
      if (!closes_) {  // until the other side does
        while (::read(fd, buffer, sizeof buffer) > 0) {
        }
      }
      ::close(fd);
    }
  }

  const std::string answer_;
  const bool closes_;
  int listener_ = -1;
  uint64_t port_ = 0;
  mutable std::mutex mutex_;
  std::string request_;
  std::thread thread_;
};

std::string Answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

images::HttpCheck Check(const Server& server) {
  images::HttpCheck out;
  out.url = server.Url();
  return out;
}

TEST(AskHttpTest, PassesWhereStatusAndBodyAreAsExpected) {
  const Server server(Answer("503 Busy", "state: draining\n"));
  images::HttpCheck check = Check(server);
  check.expect = 503;
  check.body = "draining";
  check.headers = {{"Host", "example.org"}, {"X-Empty", ""}};
  const ProbeResult answer = AskHttp(check, kLong);
  EXPECT_TRUE(answer.passed) << answer.problem;
  EXPECT_THAT(server.request(), HasSubstr("GET /x?y=1 HTTP/1.1\r\n"));
  EXPECT_THAT(server.request(), HasSubstr("\r\nHost: example.org\r\n"));
  EXPECT_THAT(server.request(), HasSubstr("\r\nX-Empty:\r\n"));
}

TEST(AskHttpTest, SaysWhatWasAnsweredInstead) {
  const Server server(Answer("500 Error", "no\ndata\x1b[1mbase" + std::string(1000, 'x')));
  const ProbeResult answer = AskHttp(Check(server), kLong);
  EXPECT_FALSE(answer.passed);
  EXPECT_EQ(answer.problem, "status 500 instead of 200");
  EXPECT_THAT(answer.said, ::testing::StartsWith("no data [1mbasexxx"));
  EXPECT_LT(answer.said.size(), 310U);
}

TEST(AskHttpTest, MissesTextInTheBody) {
  const Server server(Answer("200 OK", "starting"));
  images::HttpCheck check = Check(server);
  check.body = "ready";
  EXPECT_EQ(AskHttp(check, kLong).problem, "status 200, but 'ready' is not in its body");
}

TEST(AskHttpTest, ARedirectIsTheAnswer) {
  const Server server("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n");
  EXPECT_EQ(AskHttp(Check(server), kLong).problem, "status 302 instead of 200");
}

TEST(AskHttpTest, AnEndlessBodyIsReadNoFurtherThanNeeded) {
  const Server server("HTTP/1.1 200 OK\r\n\r\n" + std::string(size_t{4} << 20, 'x'), false);
  EXPECT_TRUE(AskHttp(Check(server), kLong).passed);
  images::HttpCheck check = Check(server);
  check.body = "ready";
  EXPECT_THAT(AskHttp(check, kLong).problem, HasSubstr("not in the first 65536 bytes"));
}

TEST(AskHttpTest, WhatIsNoHttpOrNoAnswerAtAllDoesNotPass) {
  for (const char* text :
       {"", "220 mail.example.org\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}) {
    const Server server(text);
    EXPECT_FALSE(AskHttp(Check(server), kLong).passed) << text;
  }
  const Server silent("", false);
  EXPECT_EQ(AskHttp(Check(silent), milliseconds(50)).problem, "Timeout was reached");
}

TEST(AskHttpTest, LocalhostNeedsNoNameService) {
  const Server server(Answer("200 OK", ""));
  images::HttpCheck check;
  check.url = "http://localhost:" + std::to_string(server.port()) + "/";
  const ProbeResult answer = AskHttp(check, kLong);
  EXPECT_TRUE(answer.passed) << answer.problem;
}

TEST(AskHttpTest, AsksAServiceBehindAUnixSocket) {
  const base::TemporaryDirectory place("/tmp", "slipway-test-");
  const std::string path = place.path() + "/web.sock";
  const Server server(Answer("200 OK", "ready"), true, path);
  images::HttpCheck check;
  check.url = "unix:" + path + ":/health?full";
  check.body = "ready";
  const ProbeResult answer = AskHttp(check, kLong);
  EXPECT_TRUE(answer.passed) << answer.problem;
  EXPECT_THAT(server.request(), HasSubstr("GET /health?full HTTP/1.1"));
  EXPECT_TRUE(AskTcp(path, kLong).passed);
  EXPECT_FALSE(AskTcp(path + "x", kLong).passed);
}

TEST(AskTcpTest, PassesWhereSomebodyListens) {
  std::string address;
  {
    const Server server("");
    address = server.Address();
    const ProbeResult answer = AskTcp(address, kLong);
    EXPECT_TRUE(answer.passed) << answer.problem;
    EXPECT_TRUE(AskTcp("localhost:" + std::to_string(server.port()), kLong).passed);
  }
  EXPECT_EQ(AskTcp(address, kLong).problem, "Could not connect to server");
}

}  // namespace
}  // namespace activator
