#include "tests/support/test_host.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <utility>

namespace tests {
namespace {

// Longer than any boot; the first one may have to make the root file system.
constexpr std::chrono::minutes kScriptTimeout{10};

}  // namespace

const std::string& TestHostFolder() {
  static const std::string folder = [] {
    const char* parent = std::getenv("TMPDIR");
    std::string path = std::string(parent != nullptr ? parent : "/tmp") + "/slipway-hosts.XXXXXX";
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp " + path);
    return path;
  }();
  return folder;
}

TestHost::TestHost(std::string name, const TestHostOptions& options) : name_(std::move(name)) {
  std::vector<std::string> arguments = {"--owner", std::to_string(getpid())};
  if (!options.suite.empty()) arguments.insert(arguments.end(), {"--suite", options.suite});
  if (!options.disk.empty()) arguments.insert(arguments.end(), {"--disk", options.disk});
  dir_ = Script("up", arguments);
  while (!dir_.empty() && dir_.back() == '\n') dir_.pop_back();
}

TestHost::~TestHost() {
  try {
    Script("down");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "test host %s: %s\n", name_.c_str(), error.what());
  }
}

std::string TestHost::Script(std::string_view command,
                             const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = {SLIPWAY_TESTHOST_SCRIPT, std::string(command), name_};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  RunOptions options;
  options.env = {"SLIPWAY_TESTHOST_DIR=" + TestHostFolder()};
  options.timeout = kScriptTimeout;
  return tests::MustRun(argv, options);
}

RunResult TestHost::Run(const std::string& command, const RunOptions& options) const {
  return RunCommand({"ssh", "-F", SshConfig(), name_, "--", command}, options);
}

std::string TestHost::MustRun(const std::string& command, const RunOptions& options) const {
  return tests::MustRun({"ssh", "-F", SshConfig(), name_, "--", command}, options);
}

void TestHost::Copy(const std::string& local, const std::string& remote) const {
  std::string target = name_;
  target.append(":").append(remote);
  tests::MustRun({"scp", "-F", SshConfig(), "-q", "-r", "-p", local, target});
}

RunResult TestHost::Net(const std::vector<std::string>& argv, const RunOptions& options) const {
  std::vector<std::string> whole = {"nsenter", "--net=" + dir_ + "/netns", "--"};
  whole.insert(whole.end(), argv.begin(), argv.end());
  return RunCommand(whole, options);
}

HttpAnswer TestHost::Get(const std::string& url) const {
  const std::string whole = url.starts_with("/") ? "http://127.0.0.1" + url : url;
  const RunResult result = Net({"curl", "--silent", "--show-error", "--noproxy", "*", "--max-time",
                                "10", "--write-out", "\n%{http_code}", whole});
  const size_t end = result.out.rfind('\n');
  if (result.exit_code != 0 || end == std::string::npos) return {0, result.err};
  return {std::stoi(result.out.substr(end + 1)), result.out.substr(0, end)};
}

void TestHost::Reboot() const { Script("reboot"); }
void TestHost::Crash() const { Script("crash"); }
void TestHost::Start() const { Script("start"); }

std::string TestHost::BootId() const { return MustRun("cat /proc/sys/kernel/random/boot_id"); }

}  // namespace tests
