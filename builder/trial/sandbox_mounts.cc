#include "builder/trial/sandbox_mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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

void MakeDevices(const std::string& dev) {
  Mount("tmpfs", dev, "tmpfs", MS_NOSUID, "mode=755");
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

// What a container may keep from us is shown as this machine has it, or is left out.
void MountKernel(const std::string& root, std::vector<std::string>& notes) {
  const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (::mount("proc", (root + "/proc").c_str(), "proc", flags, nullptr) != 0) {
    BindAll("/proc", root + "/proc");
    notes.emplace_back(
        "/proc shows this machine's processes (a container keeps a new one from us)");
  }
  if (::mount("sysfs", (root + "/sys").c_str(), "sysfs", flags | MS_RDONLY, nullptr) != 0) {
    static_cast<void>(::mount("tmpfs", (root + "/sys").c_str(), "tmpfs", flags, nullptr));
    notes.emplace_back("/sys is empty");
  }
}

// systemd makes one where it can be made; elsewhere the image has it.
bool HasMountPoint(const std::string& from, const std::string& at) {
  if (base::Exists(at)) {
    return true;
  }
  try {
    const auto found = base::StatIfThere(from);
    if (found && S_ISDIR(found->st_mode)) {
      base::MakeDirectories(at);
    } else {
      base::MakeDirectories(base::ParentOf(at));
      base::Close(base::Open(at, O_WRONLY | O_CREAT, 0644), at);
    }
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

void MountOne(const SandboxMount& mount, const std::string& root) {
  const std::string at = root + mount.to;
  if (mount.optional && !base::Exists(mount.from)) {
    return;
  }
  if (!HasMountPoint(mount.from, at)) {
    base::Fail(base::ExitCode::kFailed,
               "the image has no {} to mount {} at: add it to contents.directories", mount.to,
               mount.from);
  }
  BindAll(mount.from, at);
  if (!mount.writable) {
    MakeReadOnly(at);
  }
}

// As systemd does it: there, and empty to everybody.
void HideHomes(const std::string& root) {
  for (const char* home : {"/home", "/root", "/run/user"}) {
    if (base::Exists(root + home)) {
      Mount("tmpfs", root + home, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "mode=000");
    }
  }
}

}  // namespace

std::vector<std::string> EnterRoot(const SandboxPlan& plan) {
  std::vector<std::string> notes;
  Mount("none", "/", nullptr, MS_REC | MS_PRIVATE);
  MountImage(plan);
  MakeDevices(plan.root + "/dev");
  MountKernel(plan.root, notes);
  if (plan.hides_homes) {
    HideHomes(plan.root);
  }
  for (const SandboxMount& mount : plan.mounts) {
    MountOne(mount, plan.root);
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
