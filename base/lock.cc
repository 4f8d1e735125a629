#include "base/lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sys.h"

namespace base {
namespace {

constexpr std::chrono::milliseconds kRetry(50);

bool IsAt(int fd, const std::string& path) {
  const struct stat ours = Fstat(fd, path);
  const std::optional<struct stat> there = StatIfThere(path);
  return there && there->st_dev == ours.st_dev && there->st_ino == ours.st_ino;
}

}  // namespace

void FileLock::Take(const std::string& path, const std::string& what,
                    std::chrono::milliseconds patience) {
  const auto end = SystemClock().Monotonic() + patience;
  fd_ = OpenOwn(path, O_RDWR | O_CREAT, 0600);
  while (TheSys().Flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK && SystemClock().Monotonic() < end) {
      SystemClock().Sleep(kRetry);
      continue;
    }
    if (errno == EWOULDBLOCK) {
      const std::vector<uint8_t> who = PRead(fd_.get(), 0, 512, path);
      std::string by(AsText(who));
      by.erase(std::remove(by.begin(), by.end(), '\n'), by.end());
      Fail(ExitCode::kBusy, "{} is in use by {}; try again when that has ended", what,
           by.empty() ? "another process" : by);
    }
    if (errno != EINTR) {
      FailErrno(errno, "cannot lock {}", path);
    }
  }
}

FileLock::FileLock(const std::string& path, const std::string& what, const std::string& holder,
                   std::chrono::milliseconds patience) {
  do {
    Take(path, what, patience);
  } while (!IsAt(fd_.get(), path));
  const std::string text =
      fmt::format("{}, pid {}, since {}\n", holder, ::getpid(), ToIso8601(SystemClock().Now()));
  // On a full disk the lock holds, too, and whoever is refused hears less; prune must work there.
  if (TheSys().Ftruncate(fd_.get(), 0) == 0) {
    try {
      PWriteAll(fd_.get(), AsBytes(text), 0, path);
    } catch (const Error&) {
    }
  }
}

}  // namespace base
