#include "builder/trial/sandbox_mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"

namespace builder {
namespace {

void Mount(const char* from, const std::string& to, const char* type, unsigned long flags,
           const char* options = nullptr) {
  if (::mount(from, to.c_str(), type, flags, options) != 0) {
    base::FailErrno(errno, "cannot mount {} at {}", from, to);
  }
}

// With the file systems that are mounted below it.
void BindAll(const std::string& from, const std::string& to) {
  Mount(from.c_str(), to, nullptr, MS_BIND | MS_REC);
}

void MakeReadOnly(const std::string& path) {
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(AT_FDCWD, path.c_str(), AT_RECURSIVE, &change, sizeof change) != 0) {
    base::FailErrno(errno, "cannot make {} read-only", path);
  }
}

void MountImage(const SandboxPlan& plan) {
  if (plan.image < 0) {
    BindAll(plan.tree, plan.root);
    MakeReadOnly(plan.root);
  } else if (::move_mount(plan.image, "", AT_FDCWD, plan.root.c_str(), MOVE_MOUNT_F_EMPTY_PATH) !=
             0) {
    base::FailErrno(errno, "cannot mount the image");
  }
}

// A place in the sandbox's root while it is not ours yet. The image's links are followed as from
// inside: "/var/run -> /run" leads to nothing of this machine's.
class Place {
 public:
  Place(int root, const std::string& path) {
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const size_t start = std::min(path.find_first_not_of('/'), path.size());
    const std::string inside = path.substr(start).empty() ? "." : path.substr(start);
    fd_.Reset(static_cast<int>(::syscall(SYS_openat2, root, inside.c_str(), &how, sizeof how)));
  }
  bool IsThere() const { return fd_.valid(); }
  int fd() const { return fd_.get(); }
  // A path that mount(2) takes; only while this lives.
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_.get()); }

 private:
  base::UniqueFd fd_;
};

Place Existing(int root, const std::string& path) {
  Place out(root, path);
  if (!out.IsThere()) {
    base::FailErrno(errno, "cannot open {} in the image", path);
  }
  return out;
}

void MakeReadOnlyAt(int root, const std::string& path) {
  const Place place = Existing(root, path);  // what is mounted there by now
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(place.fd(), "", AT_EMPTY_PATH | AT_RECURSIVE, &change, sizeof change) != 0) {
    base::FailErrno(errno, "cannot make {} read-only", path);
  }
}

void MakeDevices(int root) {
  Mount("tmpfs", Existing(root, "/dev").path(), "tmpfs", MS_NOSUID, "mode=755");
  const Place place = Existing(root, "/dev");
  const std::string dev = place.path();
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
    const std::string device = std::string("/dev/") + name;
    const std::string path = dev + "/" + name;
    if (base::Exists(device)) {
      base::Close(base::Open(path, O_WRONLY | O_CREAT, 0644), path);
      BindAll(device, path);
    }
  }
  for (const auto& [name, target] : {std::pair{"fd", "/proc/self/fd"},
                                     {"stdin", "/proc/self/fd/0"},
                                     {"stdout", "/proc/self/fd/1"},
                                     {"stderr", "/proc/self/fd/2"}}) {
    std::filesystem::create_symlink(target, dev + "/" + name);
  }
  base::MakeDirectories(dev + "/shm");
  Mount("tmpfs", dev + "/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
}

// The kernel's settings are this machine's, whoever sees them.
void SealKernel(int root) {
  for (const char* name :
       {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi"}) {
    const Place place(root, name);
    if (place.IsThere()) {
      BindAll(place.path(), place.path());
      MakeReadOnlyAt(root, name);
    }
  }
}

// What a container may keep from us is shown as this machine has it, or is left out.
void MountKernel(int root, std::vector<std::string>& notes) {
  const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  const Place proc = Existing(root, "/proc");
  const Place sys = Existing(root, "/sys");
  if (::mount("proc", proc.path().c_str(), "proc", flags, nullptr) != 0) {
    BindAll("/proc", proc.path());
    notes.emplace_back(
        "/proc shows this machine's processes (a container keeps a new one from us)");
  }
  SealKernel(root);
  if (::mount("sysfs", sys.path().c_str(), "sysfs", flags | MS_RDONLY, nullptr) != 0) {
    static_cast<void>(::mount("tmpfs", sys.path().c_str(), "tmpfs", flags, nullptr));
    notes.emplace_back("/sys is empty");
  }
}

// systemd makes one where it can be made; elsewhere the image has it.
bool MakePoint(int root, const std::string& path, bool is_folder) {
  if (Place(root, path).IsThere()) {
    return true;
  }
  const std::string parent = base::ParentOf(path);
  if (path == "/" || !MakePoint(root, parent, /*is_folder=*/true)) {
    return false;
  }
  const Place above = Existing(root, parent);
  const std::string name = base::BaseName(path);
  if (is_folder) {
    return ::mkdirat(above.fd(), name.c_str(), 0755) == 0;
  }
  const base::UniqueFd file(
      ::openat(above.fd(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  return file.valid();
}

void MountOne(const SandboxMount& mount, int root) {
  const auto found = base::StatIfThere(mount.from);
  if (mount.optional && !found) {
    return;
  }
  std::string to = mount.to;
  while (to.size() > 1 && to.ends_with('/')) {
    to.pop_back();
  }
  if (!MakePoint(root, to, found && S_ISDIR(found->st_mode))) {
    base::Fail(base::ExitCode::kFailed,
               "the image has no {} to mount {} at: add it to contents.directories", mount.to,
               mount.from);
  }
  BindAll(mount.from, Existing(root, to).path());
  if (!mount.writable) {
    MakeReadOnlyAt(root, to);
  }
}

// As systemd does it: there, and empty to everybody.
void HideHomes(int root) {
  for (const char* home : {"/home", "/root", "/run/user"}) {
    const Place place(root, home);
    if (place.IsThere()) {
      Mount("tmpfs", place.path(), "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "mode=000");
    }
  }
}

}  // namespace

std::vector<std::string> EnterRoot(const SandboxPlan& plan) {
  std::vector<std::string> notes;
  Mount("none", "/", nullptr, MS_REC | MS_PRIVATE);
  MountImage(plan);
  const base::UniqueFd root = base::Open(plan.root, O_PATH | O_DIRECTORY);
  MakeDevices(root.get());
  MountKernel(root.get(), notes);
  if (plan.hides_homes) {
    HideHomes(root.get());
  }
  for (const SandboxMount& mount : plan.mounts) {
    MountOne(mount, root.get());
  }
  if (::chdir(plan.root.c_str()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    base::FailErrno(errno, "cannot enter the sandbox's root");
  }
  return notes;
}

void SealRun(const SandboxPlan& plan) {
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_RDONLY;
  if (plan.privileges.user != 0 &&
      ::mount_setattr(AT_FDCWD, "/run", 0, &change, sizeof change) != 0) {
    base::FailErrno(errno, "cannot make /run read-only");
  }
}

}  // namespace builder
