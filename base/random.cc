#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <vector>

#include "base/error.h"
#include "base/hex.h"

namespace base {

std::string RandomHex(size_t size_bytes) {
  std::vector<uint8_t> random(size_bytes);
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    FailErrno(errno, "cannot get random bytes");
  }
  return ToHex(random);
}

}  // namespace base
