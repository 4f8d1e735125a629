#include "activator/os/fs_verity.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/sys.h"

namespace activator {
namespace {

// btrfs's log, from which a file that was synced is made again after a power cut, has the mark of
// fs-verity but not its tree (seen on 6.12): the file could then not even be opened. Once the
// transaction is on the disk, it has both.
void SyncTree(int fd, const std::string& path) {
  struct statfs found {};
  if (::fstatfs(fd, &found) == 0 && found.f_type == BTRFS_SUPER_MAGIC &&
      base::TheSys().Syncfs(fd) != 0) {
    base::FailErrno(errno, "cannot sync fs-verity of {}", path);
  }
}

}  // namespace

// What the call answers where it cannot be done here depends on kernel and file system: EOPNOTSUPP,
// ENOTTY, EINVAL, EPERM; ETXTBSY where somebody has the file open for writing, as a backup may;
// ENOSPC and EDQUOT where its tree has no room: the image is whole without it.
void EnableFsVerity(const std::string& path) {
  const base::UniqueFd fd = base::OpenOwn(path, O_RDONLY);
  while (base::TheSys().EnableVerity(fd.get()) != 0 && errno != EEXIST) {
    if (errno == EIO) {
      base::FailErrno(errno, "cannot turn on fs-verity for {}", path);
    }
    if (errno != EINTR) {
      base::LogDebug("{} is without fs-verity: {}", path, std::strerror(errno));
      return;
    }
    base::ThrowIfInterrupted();
  }
  SyncTree(fd.get(), path);
}

bool HasFsVerity(const std::string& path) {
  struct statx found {};
  return ::statx(AT_FDCWD, path.c_str(), 0, 0, &found) == 0 &&
         (found.stx_attributes & STATX_ATTR_VERITY) != 0;
}

}  // namespace activator
