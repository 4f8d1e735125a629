#include "activator/os/mounted_image.h"

#include <fcntl.h>
#include <sys/mount.h>
// The two headers above and below cannot both be had from linux/.
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "activator/os/loop_device.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

// What the kernel says for people about a mount that it refused; empty where it says nothing.
std::string KernelMessages(int context) {
  std::string out;
  std::array<char, 512> buffer{};
  for (;;) {
    const ssize_t size = ::read(context, buffer.data(), buffer.size());
    if (size <= 0) {
      return out;
    }
    out += (out.empty() ? "" : "; ") + std::string(buffer.data(), static_cast<size_t>(size));
  }
}

[[noreturn]] void FailMount(int context, const std::string& name, int error_number) {
  const std::string said = KernelMessages(context);
  base::FailErrno(error_number, "cannot mount {}{}", name, said.empty() ? "" : " (" + said + ")");
}

int OpenInside(int mount, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const std::string inside = path.substr(
      path.find_first_not_of('/') == std::string::npos ? path.size() : path.find_first_not_of('/'));
  return static_cast<int>(
      ::syscall(SYS_openat2, mount, inside.empty() ? "." : inside.c_str(), &how, sizeof how));
}

}  // namespace

MountedImage::MountedImage(int image_fd, const std::string& name) : name_(name) {
  const LoopDevice loop(image_fd, name);
  const base::UniqueFd context(::fsopen("erofs", FSOPEN_CLOEXEC));
  if (!context.valid()) {
    base::FailErrno(errno, "this kernel cannot mount EROFS");
  }
  if (::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", loop.path().c_str(), 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    FailMount(context.get(), name, errno);
  }
  mount_.Reset(::fsmount(context.get(), FSMOUNT_CLOEXEC,
                         MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID));
  if (!mount_.valid()) {
    FailMount(context.get(), name, errno);
  }
}

std::optional<struct stat> MountedImage::Stat(const std::string& path) const {
  const base::UniqueFd fd(OpenInside(mount_.get(), path, O_PATH));
  if (fd.valid()) {
    return base::Fstat(fd.get(), path);
  }
  if (errno == ENOENT || errno == ENOTDIR) {
    return std::nullopt;
  }
  base::FailErrno(errno, "cannot look at {} in {}", path, name_);
}

base::UniqueFd MountedImage::Open(const std::string& path) const {
  base::UniqueFd fd(OpenInside(mount_.get(), path, O_RDONLY | O_NONBLOCK));
  if (!fd.valid()) {
    base::FailErrno(errno, "cannot open {} in {}", path, name_);
  }
  if (!S_ISREG(base::Fstat(fd.get(), path).st_mode)) {
    base::Fail(base::ExitCode::kFailed, "{} in {} is no regular file", path, name_);
  }
  return fd;
}

}  // namespace activator
