// Reads and writes files by path, above base/sys.h: retries EINTR, continues short reads and
// writes, and names the path in an Error. Paths are bytes in std::string. Nothing here publishes:
// see base/atomic_file.h.
#ifndef SLIPWAY_BASE_FILE_H_
#define SLIPWAY_BASE_FILE_H_

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace base {

using Bytes = std::span<const uint8_t>;

inline Bytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// flags as for open(2). Throws where it cannot be opened.
UniqueFd Open(const std::string& path, int flags, mode_t mode = 0);
// Throws for a FIFO, and never waits.
UniqueFd OpenForReading(const std::string& path);
// A regular file at `path` itself: a link is not followed, and nothing else is opened.
UniqueFd OpenOwn(const std::string& path, int flags, mode_t mode = 0);

// Checked close: a write that the file system reports only now is an error.
void Close(UniqueFd fd, const std::string& path);

void WriteAll(int fd, Bytes data, const std::string& path);
void PWriteAll(int fd, Bytes data, uint64_t offset, const std::string& path);
// Up to `size_bytes`; fewer only at the end of the file.
std::vector<uint8_t> PRead(int fd, uint64_t offset, size_t size_bytes, const std::string& path);
// Fills the front of `out`; says how much of it.
size_t PReadInto(int fd, std::span<uint8_t> out, uint64_t offset, const std::string& path);
// Fills `out` or throws: a file that ends early is an error.
void PReadExactly(int fd, std::span<uint8_t> out, uint64_t offset, const std::string& path);

void Fsync(int fd, const std::string& path);
void FsyncDirectory(const std::string& path);

// The whole file; throws when it is larger than `max_bytes`.
std::string ReadFile(const std::string& path, uint64_t max_bytes = uint64_t{64} << 20);
std::optional<std::string> ReadFileIfThere(const std::string& path,
                                           uint64_t max_bytes = uint64_t{64} << 20);

struct stat Fstat(int fd, const std::string& path);
// nullopt where nothing is at `path` (ENOENT, ENOTDIR).
std::optional<struct stat> LstatIfThere(const std::string& path);
std::optional<struct stat> StatIfThere(const std::string& path);
bool Exists(const std::string& path);  // follows links
uint64_t FileSize(const std::string& path);
// Bytes that an unprivileged process may still write there (root: all that is free).
uint64_t FreeBytes(const std::string& path);
// The same of files; nullopt where the file system has no limit of its own.
std::optional<uint64_t> FreeInodes(const std::string& path);

// Names in the directory without "." and "..", sorted bytewise. Empty where there is no directory.
std::vector<std::string> ListDirectory(const std::string& path);
std::optional<std::string> ReadLinkIfThere(const std::string& path);
// The absolute path without links; throws where it does not exist.
std::string RealPath(const std::string& path);
// As dirname(1) and basename(1): slashes at the end do not count.
std::string ParentOf(const std::string& path);
std::string BaseName(const std::string& path);
std::string AbsolutePath(const std::string& path);

// Makes the directory and its parents, each durable; what is there stays as it is.
void MakeDirectories(const std::string& path, mode_t mode = 0755);
void Unlink(const std::string& path);         // throws where it cannot
bool UnlinkIfThere(const std::string& path);  // false: nothing was there
// Removes what is there, directory or file, without following links, read-only directories of ours
// included. Nothing there is no error.
void RemoveTree(const std::string& path);

// Where what is temporary goes: $TMPDIR, otherwise /var/tmp, for it may be large.
std::string TemporaryFolder();

// A directory of its own under `parent`, removed with all its content when this object goes, unless
// Release() was called.
class TemporaryDirectory {
 public:
  TemporaryDirectory(const std::string& parent, const std::string& prefix);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }
  void Release() { path_.clear(); }

 private:
  std::string path_;
};

}  // namespace base

#endif  // SLIPWAY_BASE_FILE_H_
