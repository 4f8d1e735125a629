// Shuts this process in before it reads what somebody else sends: nothing but one folder of the
// host is there, and nothing of the kernel but what writing files takes.
#ifndef SLIPWAY_ACTIVATOR_OS_CONFINEMENT_H_
#define SLIPWAY_ACTIVATOR_OS_CONFINEMENT_H_

#include <cstdint>
#include <string>

namespace activator {

struct Confinement {
  std::string root;             // can be read, under the same path
  std::string writable;         // below it: can be written
  uint64_t max_file_bytes = 0;  // of each file that is written
};

// For a process of one thread, as root; threads that it makes afterwards are shut in as well. From
// here on: `root` alone in a file system of its own, no network, no capabilities, no new program,
// no new process, no signal to another one. Files that are open stay so. There is no way back.
// Throws Error{kFailed} where the host does not let us.
void Confine(const Confinement& confinement);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_CONFINEMENT_H_
