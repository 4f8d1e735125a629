#include "activator/state/host_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/sys.h"
#include "base/unique_fd.h"

namespace activator {
namespace {

// Without opening the lock, which only its owner may: the kernel tells everybody who holds which
// file. Its number alone, for a file system may show another device there than stat does.
std::optional<bool> IsLockListed(const std::string& path) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  const std::optional<std::string> locks = base::ReadFileIfThere("/proc/locks");
  if (!found || !locks) {
    return std::nullopt;
  }
  const std::string inode = fmt::format(":{} ", found->st_ino);
  for (size_t at = 0; at < locks->size();) {
    const size_t end = std::min(locks->find('\n', at), locks->size());
    const std::string_view line = std::string_view(*locks).substr(at, end - at);
    at = end + 1;
    if (line.find(" FLOCK ") != std::string_view::npos &&
        line.find(" WRITE ") != std::string_view::npos &&
        line.find("->") == std::string_view::npos && line.find(inode) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<bool> IsLockHeld(const images::HostLayout& layout) {
  // A shared lock for an instant: whoever wants the lock then tries again (command_line.cc).
  const base::UniqueFd fd(
      base::TheSys().Open(layout.Lock().c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0));
  if (!fd.valid()) {
    return errno == ENOENT ? std::optional(false) : IsLockListed(layout.Lock());
  }
  return base::TheSys().Flock(fd.get(), LOCK_SH | LOCK_NB) != 0;
}

}  // namespace activator
