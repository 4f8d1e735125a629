#include "activator/state/tombstones.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <charconv>

#include "base/atomic_file.h"
#include "base/random.h"
#include "base/sys.h"

namespace activator {
namespace {

const std::string kPrefix = std::string(base::kTemporaryPrefix) + "pruned-";

}  // namespace

std::string NewTombstone(uint64_t number) {
  return number == 0 ? kPrefix + base::RandomHex(8)
                     : fmt::format("{}generation-{}-{}", kPrefix, number, base::RandomHex(8));
}

bool IsTombstone(std::string_view name) { return name.starts_with(kPrefix); }

std::optional<uint64_t> TombstoneGeneration(std::string_view name) {
  const std::string prefix = kPrefix + "generation-";
  uint64_t out = 0;
  if (name.starts_with(prefix)) {
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), out);
  }
  return out == 0 ? std::nullopt : std::optional(out);
}

std::optional<base::UniqueFd> LockTransfer(const std::string& directory) {
  base::UniqueFd fd(
      base::TheSys().Open((directory + "/lock").c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW, 0));
  if (fd.valid() && base::TheSys().Flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return std::nullopt;
  }
  return fd;
}

}  // namespace activator
