#ifndef SLIPWAY_TESTS_ACTIVATOR_RECEIVE_SEALING_SYS_H_
#define SLIPWAY_TESTS_ACTIVATOR_RECEIVE_SEALING_SYS_H_

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/sys.h"

namespace activator {

// A file system with fs-verity: what has it cannot be opened for writing, and nobody may have it
// open for writing when it is turned on.
class SealingSys : public base::Sys {
 public:
  int Open(const char* path, int flags, mode_t mode) override {
    struct stat found {};
    if (base::Sys::Stat(path, &found) == 0 && unreadable_.contains(found.st_ino)) {
      errno = EMSGSIZE;
      return -1;
    }
    const bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (writes && base::Sys::Stat(path, &found) == 0 && IsSealed(found)) {
      refused.emplace_back(path);
      errno = EPERM;
      return -1;
    }
    const int fd = Sys::Open(path, flags, mode);
    if (fd >= 0 && writes && base::Sys::Fstat(fd, &found) == 0) {
      writers_[fd] = found.st_ino;
    }
    return fd;
  }
  int Close(int fd) override {
    writers_.erase(fd);
    return Sys::Close(fd);
  }
  int Unlink(const char* path) override {  // its number may be another file's next
    struct stat found {};
    if (base::Sys::Stat(path, &found) == 0 && found.st_nlink == 1) {
      sealed_.erase(found.st_ino);
      unreadable_.erase(found.st_ino);
    }
    return Sys::Unlink(path);
  }
  int Rename(const char* from, const char* to) override {
    const auto is_incoming = [](const std::string& path) {
      return path.find("/incoming/") != std::string::npos;
    };
    if (fails_to_publish && is_incoming(from) && !is_incoming(to)) {
      errno = EIO;
      return -1;
    }
    return Sys::Rename(from, to);
  }
  int EnableVerity(int fd) override {
    if (error_number != 0) {
      errno = error_number;
      return -1;
    }
    struct stat found {};
    base::Sys::Fstat(fd, &found);
    if (std::ranges::any_of(writers_,
                            [&](const auto& one) { return one.second == found.st_ino; })) {
      errno = ETXTBSY;
      return -1;
    }
    if (!sealed_.insert(found.st_ino).second) {
      errno = EEXIST;
      return -1;
    }
    return 0;
  }
  bool IsSealed(const struct stat& file) const { return sealed_.contains(file.st_ino); }
  bool IsSealed(const std::string& path) {
    struct stat found {};
    return base::Sys::Stat(path.c_str(), &found) == 0 && IsSealed(found);
  }
  // Its tree is gone.
  void Break(const std::string& path) {
    struct stat found {};
    base::Sys::Stat(path.c_str(), &found);
    unreadable_.insert(found.st_ino);
  }
  int error_number = 0;
  bool fails_to_publish = false;
  std::vector<std::string> refused;  // files that somebody wanted to write

 private:
  std::set<ino_t> unreadable_;
  std::set<ino_t> sealed_;
  std::map<int, ino_t> writers_;
};

}  // namespace activator

#endif  // SLIPWAY_TESTS_ACTIVATOR_RECEIVE_SEALING_SYS_H_
