// The syscall seam: one virtual per system call, no policy. The policy (EINTR, short writes, naming
// the path in the error) lives above it in base/file.h, so that a decorator that fails call N
// exercises those loops too. Every descriptor is opened with O_CLOEXEC. Returns and errno are those
// of the call.
#ifndef SLIPWAY_BASE_SYS_H_
#define SLIPWAY_BASE_SYS_H_

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#include <cstddef>

namespace base {

class Sys {
 public:
  Sys() = default;
  Sys(const Sys&) = delete;
  Sys& operator=(const Sys&) = delete;
  virtual ~Sys() = default;

  virtual int Open(const char* path, int flags, mode_t mode);
  virtual int Close(int fd);
  virtual ssize_t Read(int fd, void* buffer, size_t size_bytes);
  virtual ssize_t PRead(int fd, void* buffer, size_t size_bytes, off_t offset);
  virtual ssize_t Write(int fd, const void* buffer, size_t size_bytes);
  virtual ssize_t PWrite(int fd, const void* buffer, size_t size_bytes, off_t offset);
  virtual int Fsync(int fd);
  virtual int Syncfs(int fd);
  virtual int Ftruncate(int fd, off_t size_bytes);
  virtual int Fallocate(int fd, int mode, off_t offset, off_t size_bytes);
  virtual int Rename(const char* from, const char* to);
  virtual int Exchange(const char* one, const char* other);  // renameat2, RENAME_EXCHANGE
  virtual int Link(const char* from, const char* to);
  virtual int Symlink(const char* target, const char* path);
  virtual int Unlink(const char* path);
  virtual int Rmdir(const char* path);
  virtual int Chmod(const char* path, mode_t mode);
  virtual int Mkdir(const char* path, mode_t mode);
  virtual int Fstat(int fd, struct stat* out);
  virtual int Lstat(const char* path, struct stat* out);
  virtual int Stat(const char* path, struct stat* out);
  virtual int Statvfs(const char* path, struct statvfs* out);
  // FICLONERANGE: `to` shares the blocks of `from`.
  virtual int CloneRange(int from, off_t from_offset, int to, off_t to_offset, size_t size_bytes);
  // FS_IOC_ENABLE_VERITY, with SHA-256, blocks of 4096 bytes and no salt.
  virtual int EnableVerity(int fd);
  virtual int Flock(int fd, int operation);
};

// The process's seam: the kernel unless a test put a decorator there.
Sys& TheSys();

// Replaces the seam while it lives. Not for use while other threads make calls.
class ScopedSys {
 public:
  explicit ScopedSys(Sys& sys);
  ~ScopedSys();
  ScopedSys(const ScopedSys&) = delete;
  ScopedSys& operator=(const ScopedSys&) = delete;

 private:
  Sys* previous_;
};

}  // namespace base

#endif  // SLIPWAY_BASE_SYS_H_
