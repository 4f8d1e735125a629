// A read-only loop device that frees itself when nothing uses it any more (LO_FLAGS_AUTOCLEAR), and
// the loop devices that others use. See loop(4).
#ifndef SLIPWAY_ACTIVATOR_OS_LOOP_DEVICE_H_
#define SLIPWAY_ACTIVATOR_OS_LOOP_DEVICE_H_

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace activator {

class LoopDevice {
 public:
  // Attaches the file that `fd` reads; `name` is for messages. Others take devices at the same
  // time, so it tries again for a few seconds.
  LoopDevice(int fd, const std::string& name);

  // Valid while this object lives, or what was mounted from it.
  const std::string& path() const { return path_; }

 private:
  bool TryAttach(const std::string& path, int fd);

  std::string path_;
  base::UniqueFd device_;
};

// The files behind all loop devices of this machine, as the kernel names them.
std::vector<std::string> LoopBackingFiles();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_LOOP_DEVICE_H_
