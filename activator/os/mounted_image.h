// An EROFS image, mounted so that only we see it: a detached mount (fsmount), reached through a
// descriptor. It appears in no mount table, needs no namespace, and disappears with the object or
// the process. Needs root.
#ifndef SLIPWAY_ACTIVATOR_OS_MOUNTED_IMAGE_H_
#define SLIPWAY_ACTIVATOR_OS_MOUNTED_IMAGE_H_

#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>

#include "base/unique_fd.h"

namespace activator {

class MountedImage {
 public:
  // Mounts the image that `image_fd` reads, through a loop device of its own. `name` is for
  // messages. Throws Error{kFailed}; error_number() is what the kernel said of the mount.
  MountedImage(int image_fd, const std::string& name);

  // What is at the absolute `path` inside, links followed within the image; nullopt: nothing.
  std::optional<struct stat> Stat(const std::string& path) const;
  // A regular file, for reading; never waits for a FIFO's other end.
  base::UniqueFd Open(const std::string& path) const;
  // The mount itself, for move_mount(2); this object must not be used any more.
  base::UniqueFd TakeMount() { return std::move(mount_); }

 private:
  std::string name_;
  base::UniqueFd mount_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_MOUNTED_IMAGE_H_
