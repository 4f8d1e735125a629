// The kernel with faults: fails call number N, interrupts calls, moves few bytes at a time, and
// keeps a log of what was called. Put in place by base::ScopedSys.
#ifndef TESTS_SUPPORT_FAULTY_SYS_H_
#define TESTS_SUPPORT_FAULTY_SYS_H_

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "base/sys.h"

namespace tests {

class FaultySys : public base::Sys {
 public:
  // Call number `number`, from 1, answers -1 and `error_number`; it has no effect, but that a
  // failed close still frees its descriptor, as Linux does.
  void FailCall(size_t number, int error_number) {
    failing_call_ = number;
    error_number_ = error_number;
  }
  // Every call that the kernel may interrupt answers EINTR the first time.
  void InterruptCalls() { interrupting_ = true; }
  // No read or write moves more than this.
  void LimitTransfers(size_t bytes) { transfer_bytes_ = bytes; }

  size_t calls() const { return log_.size(); }
  // "open /x", "fsync /x", in order.
  const std::vector<std::string>& log() const { return log_; }

  int Open(const char* path, int flags, mode_t mode) override {
    if (Fails("open", path) || Interrupted()) {
      return -1;
    }
    const int fd = Sys::Open(path, flags, mode);
    paths_[fd] = path;
    return fd;
  }
  int Close(int fd) override {
    const bool fails = Fails("close", paths_[fd]);
    const int error_number = errno;
    const int result = Sys::Close(fd);
    errno = fails ? error_number : errno;
    return fails ? -1 : result;
  }
  ssize_t Read(int fd, void* buffer, size_t size_bytes) override {
    return Blocks("read", paths_[fd]) ? -1 : Sys::Read(fd, buffer, Limited(size_bytes));
  }
  ssize_t PRead(int fd, void* buffer, size_t size_bytes, off_t offset) override {
    return Blocks("pread", paths_[fd]) ? -1 : Sys::PRead(fd, buffer, Limited(size_bytes), offset);
  }
  ssize_t Write(int fd, const void* buffer, size_t size_bytes) override {
    return Blocks("write", paths_[fd]) ? -1 : Sys::Write(fd, buffer, Limited(size_bytes));
  }
  ssize_t PWrite(int fd, const void* buffer, size_t size_bytes, off_t offset) override {
    return Blocks("pwrite", paths_[fd]) ? -1 : Sys::PWrite(fd, buffer, Limited(size_bytes), offset);
  }
  int Fsync(int fd) override { return Blocks("fsync", paths_[fd]) ? -1 : Sys::Fsync(fd); }
  int Syncfs(int fd) override { return Blocks("syncfs", paths_[fd]) ? -1 : Sys::Syncfs(fd); }
  int Ftruncate(int fd, off_t size_bytes) override {
    return Fails("ftruncate", paths_[fd]) ? -1 : Sys::Ftruncate(fd, size_bytes);
  }
  int Fallocate(int fd, int mode, off_t offset, off_t size_bytes) override {
    return Fails("fallocate", paths_[fd]) ? -1 : Sys::Fallocate(fd, mode, offset, size_bytes);
  }
  int Rename(const char* from, const char* to) override {
    return Fails("rename", to) ? -1 : Sys::Rename(from, to);
  }
  int Exchange(const char* one, const char* other) override {
    return Fails("exchange", other) ? -1 : Sys::Exchange(one, other);
  }
  int Link(const char* from, const char* to) override {
    return Fails("link", to) ? -1 : Sys::Link(from, to);
  }
  int Symlink(const char* target, const char* path) override {
    return Fails("symlink", path) ? -1 : Sys::Symlink(target, path);
  }
  int Unlink(const char* path) override { return Fails("unlink", path) ? -1 : Sys::Unlink(path); }
  int Rmdir(const char* path) override { return Fails("rmdir", path) ? -1 : Sys::Rmdir(path); }
  int Chmod(const char* path, mode_t mode) override {
    return Fails("chmod", path) ? -1 : Sys::Chmod(path, mode);
  }
  int Mkdir(const char* path, mode_t mode) override {
    return Fails("mkdir", path) ? -1 : Sys::Mkdir(path, mode);
  }
  int Fstat(int fd, struct stat* out) override {
    return Fails("fstat", paths_[fd]) ? -1 : Sys::Fstat(fd, out);
  }
  int Lstat(const char* path, struct stat* out) override {
    return Fails("lstat", path) ? -1 : Sys::Lstat(path, out);
  }
  int Stat(const char* path, struct stat* out) override {
    return Fails("stat", path) ? -1 : Sys::Stat(path, out);
  }
  int Statvfs(const char* path, struct statvfs* out) override {
    return Fails("statvfs", path) ? -1 : Sys::Statvfs(path, out);
  }
  int CloneRange(int from, off_t from_offset, int to, off_t to_offset, size_t size_bytes) override {
    return Fails("clone", paths_[to])
               ? -1
               : Sys::CloneRange(from, from_offset, to, to_offset, size_bytes);
  }
  int EnableVerity(int fd) override {
    return Fails("verity", paths_[fd]) ? -1 : Sys::EnableVerity(fd);
  }
  int Flock(int fd, int operation) override {
    return Blocks("flock", paths_[fd]) ? -1 : Sys::Flock(fd, operation);
  }

 private:
  bool Fails(const std::string& call, const std::string& path) {
    log_.push_back(call + " " + path);
    errno = error_number_;
    return log_.size() == failing_call_;
  }
  bool Blocks(const std::string& call, const std::string& path) {
    return Fails(call, path) || Interrupted();
  }
  bool Interrupted() {
    interrupted_ = interrupting_ && !interrupted_;
    errno = EINTR;
    return interrupted_;
  }
  size_t Limited(size_t size_bytes) const { return std::min(size_bytes, transfer_bytes_); }

  size_t failing_call_ = 0;
  int error_number_ = 0;
  bool interrupting_ = false;
  bool interrupted_ = false;
  size_t transfer_bytes_ = SIZE_MAX;
  std::map<int, std::string> paths_;
  std::vector<std::string> log_;
};

}  // namespace tests

#endif  // TESTS_SUPPORT_FAULTY_SYS_H_
