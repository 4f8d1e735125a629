// A real systemd host for a test: a container on this machine, made by the script `testhost`
// beside this file, and gone without a trace when the object, or the process, ends.
// Needs root. Different hosts may be used by different threads, one host by one thread at a time.
#ifndef TESTS_SUPPORT_TEST_HOST_H_
#define TESTS_SUPPORT_TEST_HOST_H_

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/run.h"

namespace tests {

struct TestHostOptions {
  std::string suite;  // a Debian release; empty: this machine's own
  std::string disk;   // size of a file system of its own for /var/lib/images ("64M"); empty: none
};

struct HttpAnswer {
  int status = 0;    // 0: no answer
  std::string body;  // or what went wrong
};

// Everything throws std::runtime_error, with the output in its message, when the host fails.
class TestHost {
 public:
  // Boots it (1 to 2 s; the first of a release on a machine takes a minute more).
  // `name`: [a-z][a-z0-9-]*, the host's name for ssh and its hostname.
  explicit TestHost(std::string name, const TestHostOptions& options = {});
  ~TestHost();
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  const std::string& Name() const { return name_; }
  const std::string& Dir() const { return dir_; }  // the host's files on this machine
  std::string SshConfig() const { return dir_ + "/ssh_config"; }  // ssh -F SshConfig() Name()

  // Runs a shell command line on the host, as root over ssh.
  RunResult Run(const std::string& command, const RunOptions& options = {}) const;
  std::string MustRun(const std::string& command, const RunOptions& options = {}) const;

  // Copies a file or folder of this machine to the host.
  void Copy(const std::string& local, const std::string& remote) const;

  // Runs a program of this machine in the host's network: 127.0.0.1 is the host.
  RunResult Net(const std::vector<std::string>& argv, const RunOptions& options = {}) const;
  // GET of a URL, or of a path on http://127.0.0.1.
  HttpAnswer Get(const std::string& url) const;

  void Reboot() const;
  void Crash() const;  // a power cut; what only the page cache held survives it
  void Start() const;  // after Crash(), with the same disk
  std::string BootId() const;

 private:
  std::string Script(std::string_view command,
                     const std::vector<std::string>& arguments = {}) const;

  std::string name_;
  std::string dir_;
};

// The folder that holds this process's hosts (SLIPWAY_TESTHOST_DIR of the script).
const std::string& TestHostFolder();

}  // namespace tests

#endif  // TESTS_SUPPORT_TEST_HOST_H_
