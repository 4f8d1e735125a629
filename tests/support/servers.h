// Real servers that tests start, gone with the object: each is a script that prints one line when
// it serves and ends when its standard input does.
#ifndef TESTS_SUPPORT_SERVERS_H_
#define TESTS_SUPPORT_SERVERS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace tests {

class Server {
 public:
  // Throws std::runtime_error where it does not serve; the script has said why on standard error.
  explicit Server(const std::vector<std::string>& argv);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 protected:
  // The words of its line.
  const std::vector<std::string>& said() const { return said_; }

 private:
  pid_t pid_ = -1;
  int to_ = -1;
  std::vector<std::string> said_;
};

// tests/support/cephhost: S3 as Ceph has it. Takes 15 s to start: one for all tests of a program.
class CephHost : public Server {
 public:
  explicit CephHost(const std::vector<std::string>& buckets);
  const std::string& Endpoint() const { return said().at(0); }  // "http://127.0.0.1:PORT"
  const std::string& KeyId() const { return said().at(1); }
  const std::string& Secret() const { return said().at(2); }
};

// tests/support/webhost: nginx, which serves a folder, also by TLS. Below /no-ranges/ it ignores
// Range.
class WebHost : public Server {
 public:
  // Writes the certificate to trust it by to the file `certificate`.
  WebHost(const std::string& folder, const std::string& certificate);
  const std::string& Plain() const { return said().at(0); }  // "http://127.0.0.1:PORT"
  const std::string& Tls() const { return said().at(1); }    // "https://localhost:PORT"
};

}  // namespace tests

#endif  // TESTS_SUPPORT_SERVERS_H_
