#include "activator/state/root.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;
constexpr int kMaxLinks = 40;  // as the kernel's limit in one path resolution

void CheckComponent(const std::string& path, const std::string& root) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  if (!found) {
    return;  // ours to make, in a parent that was checked
  }
  if (found->st_uid != 0) {
    base::Fail(base::ExitCode::kFailed,
               "{} belongs to user {}, who could change what is run from {}: give it to root "
               "(chown root {}) or choose another --root",
               path, found->st_uid, root, path);
  }
  if (!S_ISLNK(found->st_mode) && (found->st_mode & kWritableByOthers) != 0) {
    base::Fail(base::ExitCode::kFailed,
               "others than its owner can write {}, and so change what is run from {}: chmod go-w "
               "{} or choose another --root",
               path, root, path);
  }
}

// Each component of the path, and of each place that a link among them leads to.
void CheckPath(const std::string& path, const std::string& root, int links) {
  if (links > kMaxLinks) {
    base::Fail(base::ExitCode::kFailed, "{} leads through too many links; choose another --root",
               root);
  }
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string component = path.substr(0, end);
    CheckComponent(component, root);
    if (const std::optional<std::string> target = base::ReadLinkIfThere(component)) {
      const bool is_absolute = target->starts_with('/');
      CheckPath(is_absolute ? *target : base::ParentOf(component) + "/" + *target, root, links + 1);
    }
  }
}

void CheckAsRoot(const std::string& root) {
  CheckComponent("/", root);
  CheckPath(root, root, 0);
}

// What a file of this type is called; empty: a file, a directory or a link.
std::string_view SpecialTypeOf(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFIFO:
      return "FIFO";
    case S_IFSOCK:
      return "socket";
    case S_IFCHR:
    case S_IFBLK:
      return "device";
    default:
      return "";
  }
}

bool MayBeLink(const images::HostLayout& layout, const std::string& path) {
  return path == layout.Current() || path.starts_with(layout.Bin() + "/");
}

// All that is there is ours, no one else can write it, and nothing leads or blocks elsewhere. After
// this nobody else can put anything there.
void CheckTree(const images::HostLayout& layout, const std::string& path) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  if (!found) {
    return;
  }
  if (found->st_uid != ::geteuid()) {
    base::Fail(base::ExitCode::kFailed,
               "{} belongs to user {}, who can change what is run from it: look at what it holds, "
               "then give it to {} (chown -R {}: {})",
               path, found->st_uid, ::geteuid() == 0 ? "root" : "the user of this login",
               ::geteuid() == 0 ? "root" : std::to_string(::geteuid()), path);
  }
  if (S_ISLNK(found->st_mode)) {
    if (path == layout.Bin()) {  // where the root is mounted noexec
      CheckPath(path, layout.root(), 0);
      return;
    }
    if (!MayBeLink(layout, path)) {
      base::Fail(base::ExitCode::kFailed,
                 "{} is a link, which is not followed: put what it leads to in its place", path);
    }
    return;
  }
  if ((found->st_mode & kWritableByOthers) != 0) {
    base::Fail(base::ExitCode::kFailed,
               "others than its owner can write {}, and so change what is run from it: look at "
               "what it holds, then chmod -R go-w {}",
               path, path);
  }
  if (const std::string_view type = SpecialTypeOf(found->st_mode); !type.empty()) {
    base::Fail(base::ExitCode::kFailed, "{} is a {} where a file should be: remove it (rm {})",
               path, type, path);
  }
  if (S_ISDIR(found->st_mode)) {
    for (const std::string& name : base::ListDirectory(path)) {
      CheckTree(layout, path + "/" + name);
    }
  }
}

void CheckIsOurs(const std::string& root) {
  const std::optional<struct stat> found = base::StatIfThere(root);
  if (found && found->st_uid != ::geteuid()) {
    base::Fail(base::ExitCode::kFailed, "{} belongs to user {}, not to us (user {})", root,
               found->st_uid, ::geteuid());
  }
}

// Something in it is called as a version is, whatever it is.
bool HoldsVersions(const std::string& path) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  if (!found || !S_ISDIR(found->st_mode)) {
    return false;
  }
  const std::vector<std::string> names = base::ListDirectory(path);
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return images::IdIfOne(name).has_value(); });
}

}  // namespace

// What else an operator keeps there is not ours to judge.
void CheckContents(const images::HostLayout& layout) {
  for (const std::string& path :
       {layout.Bin(), layout.Current(), layout.Generations(), layout.Incoming(), layout.Lock(),
        layout.VersionLocks(), layout.History(), layout.HealthyVersions(), layout.SwitchRecord(),
        layout.Confirmation(), layout.Trust(), layout.Pull(), layout.Secrets()}) {
    CheckTree(layout, path);
  }
  for (const std::string& name : base::ListDirectory(layout.root())) {
    if (images::IsName(name) && HoldsVersions(layout.Application(name))) {
      CheckApplication(layout, name);
    }
  }
}

void CheckApplication(const images::HostLayout& layout, const std::string& name) {
  CheckTree(layout, layout.Application(name));
}

void CheckRoot(const images::HostLayout& layout, RootCheck check) {
  const std::string& root = layout.root();
  if (!root.starts_with('/') || root == "/") {
    base::Fail(base::ExitCode::kUsage, "--root '{}' is not possible: use an absolute path", root);
  }
  if (::geteuid() == 0) {
    CheckAsRoot(root);
  } else {
    CheckIsOurs(root);
  }
  if (check == RootCheck::kContentsToo) {
    CheckContents(layout);
  }
}

void PrepareRoot(const images::HostLayout& layout, RootCheck check) {
  CheckRoot(layout, check);
  // 0755 minus the umask: nothing secret stands here, and nobody else may write.
  for (const std::string& directory :
       {layout.root(), layout.Generations(), layout.Incoming(), layout.Bin()}) {
    base::MakeDirectories(directory, 0755);
  }
}

}  // namespace activator
