// An HTTP server in the test itself, for answers that no real server can be made to give on demand.
// Each connection has a thread; the test's function, called by one at a time, says which bytes are
// sent back.
#ifndef TESTS_SUPPORT_SCRIPTED_SERVER_H_
#define TESTS_SUPPORT_SCRIPTED_SERVER_H_

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tests {

struct HttpRequest {
  size_t number = 0;  // counted from 0, over all connections
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct HttpReaction {
  std::string bytes;      // sent as they are
  bool is_last = false;   // the connection is closed then
  bool is_stuck = false;  // nothing more happens on it until the server goes
};

class ScriptedServer {
 public:
  using Script = std::function<HttpReaction(const HttpRequest&)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string Url() const;  // "http://127.0.0.1:PORT"
  std::vector<HttpRequest> Requests() const;

 private:
  void Accept();
  void Serve(int fd);

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> is_ending_ = false;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};

// "HTTP/1.1 STATUS ..." with these further header lines, a Content-Length and the body.
std::string HttpAnswerText(int status, const std::string& body,
                           const std::vector<std::string>& headers = {});

}  // namespace tests

#endif  // TESTS_SUPPORT_SCRIPTED_SERVER_H_
