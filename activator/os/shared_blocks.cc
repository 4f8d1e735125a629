#include "activator/os/shared_blocks.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/sys.h"

namespace activator {
namespace {

constexpr size_t kExtentsAtOnce = 128;
constexpr uint64_t kStatBlockBytes = 512;
constexpr size_t kAtLeastABlockBytes = 64 << 10;

// As the kernel has it: the extents follow the header.
class Extents {
 public:
  // Those from byte `at` of the file on, at most kExtentsAtOnce; false where the file system does
  // not tell.
  bool Read(int fd, uint64_t at) {
    fiemap header = fiemap();
    header.fm_start = at;
    header.fm_length = FIEMAP_MAX_OFFSET - at;
    header.fm_extent_count = kExtentsAtOnce;
    std::memcpy(memory_.data(), &header, sizeof(header));
    if (::ioctl(fd, FS_IOC_FIEMAP, memory_.data()) != 0) {
      return false;
    }
    std::memcpy(&header, memory_.data(), sizeof(header));
    count_ = header.fm_mapped_extents;
    return true;
  }
  size_t count() const { return count_; }
  fiemap_extent operator[](size_t i) const {
    fiemap_extent out{};
    std::memcpy(&out, memory_.data() + sizeof(fiemap) + i * sizeof(out), sizeof(out));
    return out;
  }

 private:
  alignas(fiemap)
      std::array<uint8_t, sizeof(fiemap) + kExtentsAtOnce * sizeof(fiemap_extent)> memory_{};
  size_t count_ = 0;
};

uint64_t AllocatedBytes(int fd) {
  struct stat now {};
  return base::TheSys().Fstat(fd, &now) == 0
             ? static_cast<uint64_t>(now.st_blocks) * kStatBlockBytes
             : 0;
}

}  // namespace

bool ShareBlocks(int from, uint64_t from_offset, int to, uint64_t to_offset, size_t size_bytes,
                 bool& can_share) {
  int result = 0;
  do {
    result = base::TheSys().CloneRange(from, static_cast<off_t>(from_offset), to,
                                       static_cast<off_t>(to_offset), size_bytes);
  } while (result != 0 && errno == EINTR);
  if (result == 0) {
    return true;
  }
  if (errno == ENOSPC || errno == EDQUOT || errno == EIO) {
    base::FailErrno(errno, "cannot share blocks with an older version");
  }
  can_share = errno == EINVAL;  // not whole blocks; anything else holds for the files
  return false;
}

bool CanShareBlocks(const std::string& directory) {
  const std::vector<uint8_t> data(kAtLeastABlockBytes, 1);
  try {
    const base::UniqueFd from = base::Open(directory, O_TMPFILE | O_RDWR, 0600);
    const base::UniqueFd to = base::Open(directory, O_TMPFILE | O_RDWR, 0600);
    base::PWriteAll(from.get(), data, 0, directory);
    bool can_share = true;
    return ShareBlocks(from.get(), 0, to.get(), 0, data.size(), can_share);
  } catch (const base::Error&) {  // it cannot, or is full
    return false;
  }
}

uint64_t UnsharedBytes(int fd) {
  Extents extents;
  uint64_t out = 0;
  uint64_t at = 0;
  do {
    if (!extents.Read(fd, at)) {
      return AllocatedBytes(fd);
    }
    for (size_t i = 0; i < extents.count(); ++i) {
      const fiemap_extent extent = extents[i];
      out += (extent.fe_flags & FIEMAP_EXTENT_SHARED) == 0 ? extent.fe_length : 0;
      at = extent.fe_logical + extent.fe_length;
    }
  } while (extents.count() == kExtentsAtOnce);
  return out;
}

}  // namespace activator
