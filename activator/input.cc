#include "activator/input.h"

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/sys.h"

namespace activator {

std::string ReadInput(int fd, size_t most, std::string_view what) {
  std::string out;
  std::array<char, 65536> part;
  while (out.size() <= most) {
    const ssize_t count = base::TheSys().Read(fd, part.data(), part.size());
    if (count < 0 && errno == EINTR) {
      base::ThrowIfInterrupted();
      continue;
    }
    if (count < 0) {
      base::FailErrno(errno, "cannot read {}", what);
    }
    if (count == 0) {
      break;
    }
    out.append(part.data(), static_cast<size_t>(count));
  }
  return out;
}

}  // namespace activator
