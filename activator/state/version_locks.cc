#include "activator/state/version_locks.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <cstdint>

#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

struct flock RangeOf(const images::ImageId& id, short type) {
  uint64_t number = 0;
  const std::string& text = id.text();
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  struct flock out {};
  out.l_type = type;
  out.l_whence = SEEK_SET;
  // An offset has fewer bits than an id: two that differ in the others alone share a lock, no more.
  out.l_start = static_cast<off_t>(number >> 2);
  out.l_len = 1;
  return out;
}

bool Lock(int fd, const std::string& path, struct flock range) {
  while (::fcntl(fd, F_OFD_SETLK, &range) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return false;
    }
    if (errno != EINTR) {
      base::FailErrno(errno, "cannot lock a version in {}", path);
    }
  }
  return true;
}

}  // namespace

VersionLocks::VersionLocks(const images::HostLayout& layout)
    : path_(layout.VersionLocks()), fd_(base::OpenOwn(path_, O_RDWR | O_CREAT, 0600)) {}

bool VersionLocks::Share(const images::ImageId& id) const {
  return Lock(fd_.get(), path_, RangeOf(id, F_RDLCK));
}

bool VersionLocks::Own(const images::ImageId& id) const {
  return Lock(fd_.get(), path_, RangeOf(id, F_WRLCK));
}

bool VersionLocks::IsShared(const images::ImageId& id) const {
  struct flock range = RangeOf(id, F_WRLCK);
  if (::fcntl(fd_.get(), F_OFD_GETLK, &range) != 0) {
    base::FailErrno(errno, "cannot look at the locks in {}", path_);
  }
  return range.l_type != F_UNLCK;
}

}  // namespace activator
