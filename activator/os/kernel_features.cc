#include "activator/os/kernel_features.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <span>

#include "activator/os/dm_verity.h"
#include "activator/os/mounted_image.h"
#include "activator/os/probe_images.h"
#include "base/error.h"
#include "base/file.h"
#include "images/version/can_run.h"

namespace activator {
namespace {

constexpr const char* kLine = "slipway probe\n";
constexpr size_t kLines = 2000;  // as make_probe_images writes them

std::vector<uint8_t> Unpack(std::span<const uint8_t> packed) {
  std::vector<uint8_t> image;
  while (packed.size() >= 4) {
    const size_t zeros = packed[0] + size_t{256} * packed[1];
    const size_t size = packed[2] + size_t{256} * packed[3];
    image.resize(image.size() + zeros);
    image.insert(image.end(), packed.begin() + 4,
                 packed.begin() + 4 + static_cast<ptrdiff_t>(size));
    packed = packed.subspan(4 + size);
  }
  return image;
}

base::UniqueFd InMemory(const std::vector<uint8_t>& image) {
  base::UniqueFd fd(::memfd_create("slipway-probe", MFD_CLOEXEC));
  if (!fd.valid()) {
    base::FailErrno(errno, "cannot make a file in memory");
  }
  base::WriteAll(fd.get(), image, "a file in memory");
  return fd;
}

// A kernel without the codec refuses the mount (EOPNOTSUPP, EINVAL) or the read (EIO, EOPNOTSUPP).
bool Reads(const ProbeImage& probe) {
  const std::string name = fmt::format("the probe image for {}", probe.feature);
  const base::UniqueFd image = InMemory(Unpack(probe.packed));
  std::string expected;
  for (size_t i = 0; i < kLines; ++i) {
    expected += kLine;
  }
  try {
    const MountedImage mounted(image.get(), name);
    const base::UniqueFd file = mounted.Open("/probe");
    return base::AsText(base::PRead(file.get(), 0, expected.size() + 1, name)) == expected;
  } catch (const base::Error& error) {
    const int why = error.error_number();
    if (why == EOPNOTSUPP || why == EINVAL || why == EIO || why == ENODEV || why == EUCLEAN) {
      return false;
    }
    throw;  // no loop device, no right: that says nothing about the kernel
  }
}

}  // namespace

std::vector<std::string> ProbeFeatures() {
  std::vector<std::string> out;
  for (const ProbeImage& probe : ProbeImages()) {
    if (Reads(probe)) {
      out.emplace_back(probe.feature);
    }
  }
  if (DmVerityProblem().empty()) {
    out.insert(out.begin(), images::kVerityFeature);
  }
  return out;
}

}  // namespace activator
