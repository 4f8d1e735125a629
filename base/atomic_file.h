// Publishes files, links and directories atomically, and is the only place that does: temporary
// name in the same directory, write, fsync, checked close, rename, fsync of the directory. A crash
// leaves either the old content or the new.
#ifndef SLIPWAY_BASE_ATOMIC_FILE_H_
#define SLIPWAY_BASE_ATOMIC_FILE_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace base {

// Temporary names start with this; whoever lists a directory passes over them.
inline constexpr std::string_view kTemporaryPrefix = ".slipway-tmp-";

// A file written piece by piece and published by Commit(). Without it nothing appears at `path`.
class AtomicFile {
 public:
  AtomicFile(std::string path, mode_t mode);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  int fd() const { return fd_.get(); }
  const std::string& temporary_path() const { return temporary_path_; }
  void Commit();
  // Without fsync: after a power cut there may be a torn file. Only for what is checked when it is
  // read and can be made again.
  void CommitUnsynced();

 private:
  std::string path_;
  std::string temporary_path_;
  UniqueFd fd_;
};

void WriteFileAtomically(const std::string& path, std::string_view content, mode_t mode = 0644);

// Makes `path` a symbolic link to `target`, in place of whatever link is there.
void ReplaceSymlink(const std::string& target, const std::string& path);

// Makes all files and directories under `directory` durable and renames it to `path`, where nothing
// or an empty directory may be (otherwise EEXIST, ENOTEMPTY or ENOTDIR).
void PublishDirectory(const std::string& directory, const std::string& path);

// The same in place of the directory (or file) that is at `path`, which goes to `old`, where
// nothing is: for the caller to remove. Whoever opens `path` sees one or the other; only where the
// file system cannot exchange two names, there is nothing for a moment. `old` must be beside
// `directory`.
void ReplaceDirectory(const std::string& directory, const std::string& path,
                      const std::string& old);

}  // namespace base

#endif  // SLIPWAY_BASE_ATOMIC_FILE_H_
