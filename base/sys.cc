#include "base/sys.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

namespace base {
namespace {

Sys& Kernel() {
  static Sys kernel;
  return kernel;
}

Sys*& Current() {
  static Sys* current = &Kernel();
  return current;
}

}  // namespace

int Sys::Open(const char* path, int flags, mode_t mode) {
  return ::open(path, flags | O_CLOEXEC, mode);
}
int Sys::Close(int fd) { return ::close(fd); }
ssize_t Sys::Read(int fd, void* buffer, size_t size_bytes) {
  return ::read(fd, buffer, size_bytes);
}
ssize_t Sys::PRead(int fd, void* buffer, size_t size_bytes, off_t offset) {
  return ::pread(fd, buffer, size_bytes, offset);
}
ssize_t Sys::Write(int fd, const void* buffer, size_t size_bytes) {
  return ::write(fd, buffer, size_bytes);
}
ssize_t Sys::PWrite(int fd, const void* buffer, size_t size_bytes, off_t offset) {
  return ::pwrite(fd, buffer, size_bytes, offset);
}
int Sys::Fsync(int fd) { return ::fsync(fd); }
int Sys::Syncfs(int fd) { return ::syncfs(fd); }
int Sys::Ftruncate(int fd, off_t size_bytes) { return ::ftruncate(fd, size_bytes); }
int Sys::Fallocate(int fd, int mode, off_t offset, off_t size_bytes) {
  return ::fallocate(fd, mode, offset, size_bytes);
}
int Sys::Rename(const char* from, const char* to) { return ::rename(from, to); }
int Sys::Exchange(const char* one, const char* other) {
  return ::renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}
int Sys::Link(const char* from, const char* to) { return ::link(from, to); }
int Sys::Symlink(const char* target, const char* path) { return ::symlink(target, path); }
int Sys::Unlink(const char* path) { return ::unlink(path); }
int Sys::Rmdir(const char* path) { return ::rmdir(path); }
int Sys::Chmod(const char* path, mode_t mode) { return ::chmod(path, mode); }
int Sys::Mkdir(const char* path, mode_t mode) { return ::mkdir(path, mode); }
int Sys::Fstat(int fd, struct stat* out) { return ::fstat(fd, out); }
int Sys::Lstat(const char* path, struct stat* out) { return ::lstat(path, out); }
int Sys::Stat(const char* path, struct stat* out) { return ::stat(path, out); }
int Sys::Statvfs(const char* path, struct statvfs* out) { return ::statvfs(path, out); }
int Sys::CloneRange(int from, off_t from_offset, int to, off_t to_offset, size_t size_bytes) {
  file_clone_range range{};
  range.src_fd = from;
  range.src_offset = static_cast<uint64_t>(from_offset);
  range.src_length = size_bytes;
  range.dest_offset = static_cast<uint64_t>(to_offset);
  return ::ioctl(to, FICLONERANGE, &range);
}
int Sys::EnableVerity(int fd) {
  fsverity_enable_arg how{};
  how.version = 1;
  how.hash_algorithm = FS_VERITY_HASH_ALG_SHA256;
  how.block_size = 4096;
  return ::ioctl(fd, FS_IOC_ENABLE_VERITY, &how);
}
int Sys::Flock(int fd, int operation) { return ::flock(fd, operation); }

Sys& TheSys() { return *Current(); }

ScopedSys::ScopedSys(Sys& sys) : previous_(Current()) { Current() = &sys; }
ScopedSys::~ScopedSys() { Current() = previous_; }

}  // namespace base
