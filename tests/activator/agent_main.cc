// An `activate` for tests of pushes: its `receive` is the real one, staging only counts.
// --generation N only makes it current.
// Environment:
//   SLIPWAY_TEST_VERSION     what --version says
//   SLIPWAY_TEST_FEATURES    what the host can mount, with spaces
//   SLIPWAY_TEST_DIE_AT      the process dies, as by SIGKILL, instead of its Nth change on disk
//   SLIPWAY_TEST_CUT_AT      the process dies when it has read that many bytes
//   SLIPWAY_TEST_STUCK       it reads nothing and says nothing
//   SLIPWAY_TEST_STATUS      a file for its /proc/self/status at the end
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <sstream>

#include "activator/receive/receive_session.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/tool.h"

namespace {

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

class DyingSys : public base::Sys {
 public:
  DyingSys(long calls_left, long bytes_left) : calls_left_(calls_left), bytes_left_(bytes_left) {}

  ssize_t Read(int fd, void* buffer, size_t size_bytes) override {
    if (fd != 0 || bytes_left_ == 0) {
      return Sys::Read(fd, buffer, size_bytes);
    }
    if (bytes_left_ < 0) {
      ::_exit(137);
    }
    const ssize_t got =
        Sys::Read(fd, buffer, std::min(size_bytes, static_cast<size_t>(bytes_left_)));
    bytes_left_ -= std::max<ssize_t>(got, 0);
    bytes_left_ -= bytes_left_ == 0 ? 1 : 0;
    return got;
  }

  ssize_t PWrite(int fd, const void* buffer, size_t size_bytes, off_t offset) override {
    Count();
    return Sys::PWrite(fd, buffer, size_bytes, offset);
  }
  int Fsync(int fd) override {
    Count();
    return Sys::Fsync(fd);
  }
  int Fallocate(int fd, int mode, off_t offset, off_t size_bytes) override {
    Count();
    return Sys::Fallocate(fd, mode, offset, size_bytes);
  }
  int Rename(const char* from, const char* to) override {
    Count();
    return Sys::Rename(from, to);
  }
  int Exchange(const char* one, const char* other) override {
    Count();
    return Sys::Exchange(one, other);
  }
  int CloneRange(int from, off_t from_offset, int to, off_t to_offset, size_t size_bytes) override {
    Count();
    return Sys::CloneRange(from, from_offset, to, to_offset, size_bytes);
  }
  int Link(const char* from, const char* to) override {
    Count();
    return Sys::Link(from, to);
  }
  int Unlink(const char* path) override {
    Count();
    return Sys::Unlink(path);
  }
  int Mkdir(const char* path, mode_t mode) override {
    Count();
    return Sys::Mkdir(path, mode);
  }

 private:
  void Count() {
    if (--calls_left_ == 0) {
      ::_exit(137);
    }
  }
  std::atomic<long> calls_left_;  // deltas are rebuilt on several threads
  long bytes_left_;               // 0: any number; below: it dies
};

void PrepareRoot(const images::HostLayout& layout) {
  for (const std::string& path : {layout.Generations(), layout.Incoming(), layout.Bin()}) {
    base::MakeDirectories(path);
  }
}

std::vector<std::string> Features() {
  std::istringstream words(FromEnvironment("SLIPWAY_TEST_FEATURES"));
  std::vector<std::string> out;
  for (std::string word; words >> word;) {
    out.push_back(word);
  }
  return out;
}

// Each distinct set of changes in a row is a generation: a line in ROOT/generations/log.
activator::StagedGeneration Stage(const images::HostLayout& layout,
                                  const std::map<std::string, base::Sha256>& changes,
                                  const std::string& by) {
  const std::string path = layout.Generations() + "/log";
  std::string log = base::ReadFileIfThere(path).value_or("");
  std::string line;
  for (const auto& [name, digest] : changes) {
    line += name + "=" + digest.ToHex() + " ";
  }
  line += "by " + by + "\n";
  activator::StagedGeneration out;
  out.created = !log.ends_with(line);
  if (out.created) {
    log += line;
    base::WriteFileAtomically(path, log);
  }
  out.number = static_cast<uint64_t>(std::count(log.begin(), log.end(), '\n'));
  return out;
}

// Each application has a unit of its name.
pusher::Planned Plan(const images::HostLayout& layout, const activator::PendingManifests& coming) {
  const bool any = base::Exists(layout.Generations() + "/log");
  pusher::Planned out;
  for (const auto& [name, offered] : coming) {
    out.images.push_back({name, "", "", {}});
    (any ? out.restart : out.start).push_back(name + ".service");
  }
  return out;
}

int Run(const std::vector<std::string>& arguments, const base::Io& io) {
  if (!arguments.empty() && arguments[0] == "--version") {
    const std::string version = FromEnvironment("SLIPWAY_TEST_VERSION");
    io.Out("activate {}\n", version.empty() ? "0.1.0" : version);
    return 0;
  }
  if (!FromEnvironment("SLIPWAY_TEST_STUCK").empty()) {
    ::pause();
  }
  const base::LogOutput log(io);
  base::SetLogLevel(base::LogLevelOfEnvironment());
  activator::ReceiveOptions options;
  std::string generation;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--root") {
      options.root = arguments.at(++i);
    } else if (arguments[i] == "--by") {
      options.by = arguments.at(++i);
    } else if (arguments[i] == "--log-level") {
      base::SetLogLevel(base::ParseLogLevel(arguments.at(++i)).value());
    } else if (arguments[i] == "--generation") {
      generation = arguments.at(++i);
    } else if (arguments[i] == "--lock-wait") {
      options.lock_wait = std::chrono::seconds(std::atol(arguments.at(++i).c_str()));
    } else if (arguments[i] == "--host-jobs") {
      options.host_jobs = static_cast<size_t>(std::atol(arguments.at(++i).c_str()));
    } else if (arguments[i] == "--dir") {
      options.plain_directory = true;
    }
  }
  if (!generation.empty()) {
    base::ReplaceSymlink("generations/" + generation, options.root + "/current");
    io.Err("activate: generation {} is active\n", generation);
    return 0;
  }
  DyingSys dying(std::atol(FromEnvironment("SLIPWAY_TEST_DIE_AT").c_str()),
                 std::atol(FromEnvironment("SLIPWAY_TEST_CUT_AT").c_str()));
  const base::ScopedSys seam(dying);
  const int code = activator::RunReceiveWith(options, {&PrepareRoot, &Features, &Stage, &Plan}, io);
  if (const std::string path = FromEnvironment("SLIPWAY_TEST_STATUS"); !path.empty()) {
    base::WriteFileAtomically(path, base::ReadFile("/proc/self/status"));
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) { return base::RunTool("activate", argc, argv, &Run); }
