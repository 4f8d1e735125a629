#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "base/sys.h"

namespace base {
namespace {

// Calls `call` until it is not interrupted by a signal handler.
template <typename Call>
auto Retry(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

bool NothingThere(int error_number) { return error_number == ENOENT || error_number == ENOTDIR; }

// "/" stays.
std::string WithoutSlashesAtEnd(const std::string& path) {
  return path.substr(0, std::max<size_t>(path.find_last_not_of('/') + 1, path.empty() ? 0 : 1));
}

// Such have no places to read from, and would be waited for.
void RefuseUnreadable(int fd, const std::string& path) {
  const mode_t mode = Fstat(fd, path).st_mode;
  if (S_ISFIFO(mode) || S_ISSOCK(mode)) {
    Fail(ExitCode::kFailed, "{} is a {}, not a file", path, S_ISFIFO(mode) ? "FIFO" : "socket");
  }
}

off_t Offset(uint64_t offset) { return static_cast<off_t>(offset); }

template <typename Call>
std::optional<struct stat> StatBy(Call call, const std::string& path) {
  struct stat out {};
  if (call(path.c_str(), &out) == 0) {
    return out;
  }
  if (NothingThere(errno)) {
    return std::nullopt;
  }
  FailErrno(errno, "cannot look at {}", path);
}

}  // namespace

UniqueFd Open(const std::string& path, int flags, mode_t mode) {
  UniqueFd fd(Retry([&] { return TheSys().Open(path.c_str(), flags, mode); }));
  if (!fd.valid()) {
    FailErrno(errno, "cannot open {}", path);
  }
  return fd;
}

UniqueFd OpenForReading(const std::string& path) {
  UniqueFd fd = Open(path, O_RDONLY | O_NONBLOCK);
  RefuseUnreadable(fd.get(), path);
  return fd;
}

UniqueFd OpenOwn(const std::string& path, int flags, mode_t mode) {
  UniqueFd fd(
      Retry([&] { return TheSys().Open(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK, mode); }));
  if (!fd.valid() && errno == ELOOP) {
    Fail(ExitCode::kFailed, "{} is a link, which is not followed: remove it", path);
  }
  if (!fd.valid()) {
    FailErrno(errno, "cannot open {}", path);
  }
  if (!S_ISREG(Fstat(fd.get(), path).st_mode)) {
    Fail(ExitCode::kFailed, "{} is no regular file: remove it", path);
  }
  return fd;
}

void Close(UniqueFd fd, const std::string& path) {
  // Linux frees the descriptor whatever close answers, so EINTR is not retried.
  if (TheSys().Close(fd.Release()) != 0 && errno != EINTR) {
    FailErrno(errno, "cannot close {}", path);
  }
}

void WriteAll(int fd, Bytes data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t written = Retry([&] { return TheSys().Write(fd, data.data(), data.size()); });
    if (written < 0) {
      FailErrno(errno, "cannot write {}", path);
    }
    data = data.subspan(static_cast<size_t>(written));
  }
}

void PWriteAll(int fd, Bytes data, uint64_t offset, const std::string& path) {
  while (!data.empty()) {
    const ssize_t written =
        Retry([&] { return TheSys().PWrite(fd, data.data(), data.size(), Offset(offset)); });
    if (written < 0) {
      FailErrno(errno, "cannot write {}", path);
    }
    data = data.subspan(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
}

size_t PReadInto(int fd, std::span<uint8_t> out, uint64_t offset, const std::string& path) {
  size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = Retry([&] {
      return TheSys().PRead(fd, out.data() + filled, out.size() - filled, Offset(offset + filled));
    });
    if (got < 0) {
      FailErrno(errno, "cannot read {}", path);
    }
    if (got == 0) {
      break;
    }
    filled += static_cast<size_t>(got);
  }
  return filled;
}

std::vector<uint8_t> PRead(int fd, uint64_t offset, size_t size_bytes, const std::string& path) {
  std::vector<uint8_t> out(size_bytes);
  out.resize(PReadInto(fd, out, offset, path));
  return out;
}

void PReadExactly(int fd, std::span<uint8_t> out, uint64_t offset, const std::string& path) {
  if (const size_t filled = PReadInto(fd, out, offset, path); filled < out.size()) {
    Fail(ExitCode::kFailed, "{} ends at {} bytes, expected at least {}", path, offset + filled,
         offset + out.size());
  }
}

void Fsync(int fd, const std::string& path) {
  if (Retry([&] { return TheSys().Fsync(fd); }) != 0) {
    FailErrno(errno, "cannot sync {}", path);
  }
}

void FsyncDirectory(const std::string& path) {
  const UniqueFd fd = Open(path, O_RDONLY | O_DIRECTORY);
  Fsync(fd.get(), path);
}

std::optional<std::string> ReadFileIfThere(const std::string& path, uint64_t max_bytes) {
  const UniqueFd fd(Retry([&] { return TheSys().Open(path.c_str(), O_RDONLY | O_NONBLOCK, 0); }));
  if (!fd.valid()) {
    if (NothingThere(errno)) {
      return std::nullopt;
    }
    FailErrno(errno, "cannot open {}", path);
  }
  RefuseUnreadable(fd.get(), path);
  std::string out;
  for (;;) {
    const std::vector<uint8_t> part = PRead(fd.get(), out.size(), 1 << 16, path);
    if (part.empty()) {
      return out;
    }
    out += AsText(part);
    if (out.size() > max_bytes) {
      Fail(ExitCode::kFailed, "{} is larger than {} bytes", path, max_bytes);
    }
  }
}

std::string ReadFile(const std::string& path, uint64_t max_bytes) {
  std::optional<std::string> text = ReadFileIfThere(path, max_bytes);
  if (!text) {
    FailErrno(ENOENT, "cannot open {}", path);
  }
  return *std::move(text);
}

struct stat Fstat(int fd, const std::string& path) {
  struct stat out {};
  if (TheSys().Fstat(fd, &out) != 0) {
    FailErrno(errno, "cannot look at {}", path);
  }
  return out;
}

std::optional<struct stat> LstatIfThere(const std::string& path) {
  return StatBy([](const char* p, struct stat* out) { return TheSys().Lstat(p, out); }, path);
}

std::optional<struct stat> StatIfThere(const std::string& path) {
  return StatBy([](const char* p, struct stat* out) { return TheSys().Stat(p, out); }, path);
}

bool Exists(const std::string& path) { return StatIfThere(path).has_value(); }

uint64_t FileSize(const std::string& path) {
  const std::optional<struct stat> found = StatIfThere(path);
  if (!found) {
    FailErrno(ENOENT, "cannot look at {}", path);
  }
  return static_cast<uint64_t>(found->st_size);
}

uint64_t FreeBytes(const std::string& path) {
  struct statvfs out {};
  if (TheSys().Statvfs(path.c_str(), &out) != 0) {
    FailErrno(errno, "cannot ask for the free space of {}", path);
  }
  return static_cast<uint64_t>(::geteuid() == 0 ? out.f_bfree : out.f_bavail) * out.f_frsize;
}

std::optional<uint64_t> FreeInodes(const std::string& path) {
  struct statvfs out {};
  if (TheSys().Statvfs(path.c_str(), &out) != 0) {
    FailErrno(errno, "cannot ask for the free inodes of {}", path);
  }
  return out.f_files == 0 ? std::nullopt
                          : std::optional<uint64_t>(::geteuid() == 0 ? out.f_ffree : out.f_favail);
}

std::vector<std::string> ListDirectory(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), &::closedir);
  if (directory == nullptr) {
    if (NothingThere(errno)) {
      return {};
    }
    FailErrno(errno, "cannot list {}", path);
  }
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) {
      break;
    }
    std::string name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") {
      names.push_back(std::move(name));
    }
  }
  if (errno != 0) {
    FailErrno(errno, "cannot list {}", path);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> ReadLinkIfThere(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  if (length >= 0) {
    target.resize(static_cast<size_t>(length));
    return target;
  }
  if (NothingThere(errno) || errno == EINVAL) {
    return std::nullopt;
  }
  FailErrno(errno, "cannot read the link {}", path);
}

std::string RealPath(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), &::free);
  if (real == nullptr) {
    FailErrno(errno, "cannot resolve {}", path);
  }
  return real.get();
}

std::string ParentOf(const std::string& path) {
  const std::string whole = WithoutSlashesAtEnd(path);
  const size_t slash = whole.find_last_of('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return WithoutSlashesAtEnd(whole.substr(0, slash + 1));
}

std::string BaseName(const std::string& path) {
  const std::string whole = WithoutSlashesAtEnd(path);
  return whole.substr(whole.find_last_of('/') + 1);  // npos + 1 is 0
}

std::string AbsolutePath(const std::string& path) {
  if (path.starts_with('/')) {
    return path;
  }
  const std::unique_ptr<char, void (*)(void*)> here(::getcwd(nullptr, 0), &::free);
  if (here == nullptr) {
    FailErrno(errno, "cannot tell the current directory");
  }
  return std::string(here.get()) + "/" + path;
}

void MakeDirectories(const std::string& path, mode_t mode) {
  if (path.empty() || path == "/" || path == ".") {
    return;
  }
  const std::optional<struct stat> found = StatIfThere(path);
  if (found) {
    if (!S_ISDIR(found->st_mode)) {
      FailErrno(ENOTDIR, "cannot make the directory {}", path);
    }
    return;
  }
  const std::string parent = ParentOf(path);
  MakeDirectories(parent, mode);
  if (TheSys().Mkdir(path.c_str(), mode) != 0) {
    const int error_number = errno;
    const std::optional<struct stat> now = StatIfThere(path);
    if (error_number != EEXIST || !now || !S_ISDIR(now->st_mode)) {
      FailErrno(error_number, "cannot make the directory {}", path);
    }
  }
  FsyncDirectory(parent);  // also where somebody else was quicker: they may not be as far
}

bool UnlinkIfThere(const std::string& path) {
  if (TheSys().Unlink(path.c_str()) == 0) {
    return true;
  }
  if (NothingThere(errno)) {
    return false;
  }
  FailErrno(errno, "cannot remove {}", path);
}

void Unlink(const std::string& path) {
  if (!UnlinkIfThere(path)) {
    FailErrno(ENOENT, "cannot remove {}", path);
  }
}

void RemoveTree(const std::string& path) {
  const std::optional<struct stat> found = LstatIfThere(path);
  if (!found) {
    return;
  }
  if (!S_ISDIR(found->st_mode)) {
    UnlinkIfThere(path);
    return;
  }
  if ((found->st_mode & S_IRWXU) != S_IRWXU) {
    TheSys().Chmod(path.c_str(), S_IRWXU);  // where that fails, so does what follows
  }
  for (const std::string& name : ListDirectory(path)) {
    RemoveTree(fmt::format("{}/{}", path, name));
  }
  if (TheSys().Rmdir(path.c_str()) != 0 && errno != ENOENT) {
    FailErrno(errno, "cannot remove {}", path);
  }
}

std::string TemporaryFolder() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen == nullptr || *chosen == '\0' ? "/var/tmp" : chosen;
}

TemporaryDirectory::TemporaryDirectory(const std::string& parent, const std::string& prefix)
    : path_(parent + "/" + prefix + "XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) {
    FailErrno(errno, "cannot make a temporary directory in {}", parent);
  }
}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty()) {
    return;
  }
  try {
    RemoveTree(path_);
  } catch (const Error&) {  // a destructor must not throw; the directory's name says what it is
  }
}

}  // namespace base
