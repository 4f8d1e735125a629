#include "tests/support/servers.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <sstream>
#include <stdexcept>

namespace tests {
namespace {

std::vector<std::string> With(std::vector<std::string> argv, const std::vector<std::string>& more) {
  argv.insert(argv.end(), more.begin(), more.end());
  return argv;
}

}  // namespace

Server::Server(const std::vector<std::string>& argv) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("pipe2");
  }
  std::vector<char*> pointers;
  for (const std::string& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  to_ = in[1];
  std::string line;
  char letter = 0;
  while (::read(out[0], &letter, 1) == 1 && letter != '\n') line += letter;
  ::close(out[0]);
  std::istringstream words(line);
  for (std::string word; words >> word;) said_.push_back(word);
  if (said_.empty()) {
    ::close(to_);
    ::waitpid(pid_, nullptr, 0);
    throw std::runtime_error(argv[0] + " does not serve");
  }
}

Server::~Server() {
  ::close(to_);
  ::waitpid(pid_, nullptr, 0);
}

CephHost::CephHost(const std::vector<std::string>& buckets)
    : Server(With({SLIPWAY_CEPHHOST_SCRIPT}, buckets)) {}

WebHost::WebHost(const std::string& folder, const std::string& certificate)
    : Server({SLIPWAY_WEBHOST_SCRIPT, folder, certificate}) {}

}  // namespace tests
