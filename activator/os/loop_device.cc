#include "activator/os/loop_device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <chrono>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sys.h"

namespace activator {
namespace {

using std::chrono::milliseconds;

constexpr int kAttempts = 100;
constexpr milliseconds kPause{30};

// The device that the kernel proposes, then every node that is there: a container has only some of
// the machine's nodes, and the proposed one may not be among them.
std::vector<std::string> Candidates() {
  std::vector<std::string> out;
  const base::UniqueFd control(base::TheSys().Open("/dev/loop-control", O_RDWR, 0));
  if (control.valid()) {
    const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
    if (number >= 0) {
      out.push_back(fmt::format("/dev/loop{}", number));
    }
  }
  if (!out.empty() && base::Exists(out.front())) {
    return out;
  }
  for (const std::string& name : base::ListDirectory("/dev")) {
    if (name.starts_with("loop") && name.find_first_not_of("0123456789", 4) == std::string::npos &&
        name.size() > 4) {
      out.push_back("/dev/" + name);
    }
  }
  return out;
}

}  // namespace

bool LoopDevice::TryAttach(const std::string& path, int fd) {
  base::UniqueFd device(base::TheSys().Open(path.c_str(), O_RDONLY, 0));
  if (!device.valid()) {
    return false;
  }
  loop_config config{};
  config.fd = static_cast<uint32_t>(fd);
  config.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR;
  if (::ioctl(device.get(), LOOP_CONFIGURE, &config) != 0) {
    return false;
  }
  path_ = path;
  device_ = std::move(device);
  return true;
}

LoopDevice::LoopDevice(int fd, const std::string& name) {
  int error_number = ENOENT;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    for (const std::string& path : Candidates()) {
      errno = 0;
      if (TryAttach(path, fd)) {
        return;
      }
      error_number = errno;
      // EBUSY: another was quicker. ENXIO, ENOENT: its node is not there (yet).
      if (error_number != EBUSY && error_number != ENXIO && error_number != ENOENT &&
          error_number != EAGAIN) {
        base::FailErrno(error_number, "cannot attach {} to {}", name, path);
      }
    }
    base::SystemClock().Sleep(kPause);
  }
  base::FailErrno(error_number,
                  "no loop device is free for {}: is the loop module there, and /dev/loop-control?",
                  name);
}

std::vector<std::string> LoopBackingFiles() {
  std::vector<std::string> out;
  for (const std::string& name : base::ListDirectory("/sys/block")) {
    if (!name.starts_with("loop")) {
      continue;
    }
    // A device that is freed between the two calls has no such file any more, or an empty one.
    std::string file;
    try {
      file = base::ReadFileIfThere("/sys/block/" + name + "/loop/backing_file").value_or("");
    } catch (const base::Error&) {
      continue;
    }
    while (file.ends_with('\n')) {
      file.pop_back();
    }
    if (!file.empty()) {
      out.push_back(file);
    }
  }
  return out;
}

}  // namespace activator
