// Says whether a process runs from an image, by its root directory, or a program: an active unit
// may still run the previous one.
#ifndef SLIPWAY_ACTIVATOR_OS_PROCESS_ROOT_H_
#define SLIPWAY_ACTIVATOR_OS_PROCESS_ROOT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace activator {

// False where its root is another file system, or the process is gone. Needs root.
bool RunsFromImage(uint64_t pid, const std::string& image_path);

// Whether what is mounted from a device of dm-verity is that image: `files` are those below the
// device, as the kernel names them, and `name` is its own; nullopt: it is no device of dm-verity.
bool IsVerifiedAs(const std::vector<std::string>& files, const std::optional<std::string>& name,
                  const std::string& image_path);

// Whether the program at `path` is what the process runs; false where the process is gone.
bool RunsProgram(uint64_t pid, const std::string& path);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_PROCESS_ROOT_H_
