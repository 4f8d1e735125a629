// Whether a process runs from an image, seen from its root directory: a unit that is active may
// still run what it ran before.
#ifndef SLIPWAY_ACTIVATOR_OS_PROCESS_ROOT_H_
#define SLIPWAY_ACTIVATOR_OS_PROCESS_ROOT_H_

#include <cstdint>
#include <string>

namespace activator {

// False where its root is another file system, or the process is gone. Needs root.
bool RunsFromImage(uint64_t pid, const std::string& image_path);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_PROCESS_ROOT_H_
