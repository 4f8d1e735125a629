#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/sys.h"

namespace base {
namespace {

std::string TemporaryNameBeside(const std::string& path) {
  return fmt::format("{}/{}{}", ParentOf(path), kTemporaryPrefix, RandomHex(8));
}

void RenameDurably(const std::string& from, const std::string& to) {
  if (TheSys().Rename(from.c_str(), to.c_str()) != 0) {
    FailErrno(errno, "cannot publish {}", to);
  }
  FsyncDirectory(ParentOf(to));
}

void FsyncTree(const std::string& path) {
  for (const std::string& name : ListDirectory(path)) {
    const std::string child = fmt::format("{}/{}", path, name);
    const std::optional<struct stat> found = LstatIfThere(child);
    if (!found) {
      FailErrno(ENOENT, "cannot sync {}", child);
    }
    if (S_ISDIR(found->st_mode)) {
      FsyncTree(child);
    } else if (S_ISREG(found->st_mode)) {
      Fsync(OpenForReading(child).get(), child);
    }
  }
  FsyncDirectory(path);
}

}  // namespace

AtomicFile::AtomicFile(std::string path, mode_t mode)
    : path_(std::move(path)),
      temporary_path_(TemporaryNameBeside(path_)),
      fd_(Open(temporary_path_, O_RDWR | O_CREAT | O_EXCL, mode)) {}

AtomicFile::~AtomicFile() {
  if (!temporary_path_.empty()) {
    TheSys().Unlink(temporary_path_.c_str());
  }
}

void AtomicFile::Commit() {
  Fsync(fd_.get(), temporary_path_);
  Close(std::move(fd_), temporary_path_);
  RenameDurably(temporary_path_, path_);
  temporary_path_.clear();
}

void AtomicFile::CommitUnsynced() {
  Close(std::move(fd_), temporary_path_);
  if (TheSys().Rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    FailErrno(errno, "cannot publish {}", path_);
  }
  temporary_path_.clear();
}

void WriteFileAtomically(const std::string& path, std::string_view content, mode_t mode) {
  AtomicFile file(path, mode);
  WriteAll(file.fd(), AsBytes(content), file.temporary_path());
  file.Commit();
}

void ReplaceSymlink(const std::string& target, const std::string& path) {
  const std::string temporary = TemporaryNameBeside(path);
  if (TheSys().Symlink(target.c_str(), temporary.c_str()) != 0) {
    FailErrno(errno, "cannot make the link {}", path);
  }
  try {
    RenameDurably(temporary, path);
  } catch (const Error&) {
    TheSys().Unlink(temporary.c_str());  // gone already where the rename went through
    throw;
  }
}

void PublishDirectory(const std::string& directory, const std::string& path) {
  FsyncTree(directory);
  RenameDurably(directory, path);
}

void ReplaceDirectory(const std::string& directory, const std::string& path,
                      const std::string& old) {
  FsyncTree(directory);
  if (TheSys().Exchange(directory.c_str(), path.c_str()) == 0) {
    FsyncDirectory(ParentOf(path));
    RenameDurably(directory, old);
    return;
  }
  if (errno != EINVAL && errno != ENOSYS) {
    FailErrno(errno, "cannot publish {}", path);
  }
  if (TheSys().Rename(path.c_str(), old.c_str()) != 0) {
    FailErrno(errno, "cannot move the old {} away", path);
  }
  RenameDurably(directory, path);
  FsyncDirectory(ParentOf(old));
}

}  // namespace base
