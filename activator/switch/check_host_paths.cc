#include "activator/switch/check_host_paths.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace activator {

bool IsMountPoint(const std::string& path) {
  struct statx found {};
  return ::statx(AT_FDCWD, path.c_str(), 0, 0, &found) == 0 &&
         (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

namespace {

bool IsBelow(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

// What a start makes by itself: directories, and the sockets that systemd opens.
std::vector<std::string> MadeBy(const std::string& name, const images::Service& service) {
  std::vector<std::string> out;
  for (const units::ServiceDirectory& directory : units::DirectoriesOf(name, service)) {
    out.push_back(directory.path);
    if (!directory.private_path.empty()) {
      out.push_back(directory.private_path);
    }
  }
  std::copy_if(service.listen.begin(), service.listen.end(), std::back_inserter(out),
               [](const std::string& listen) { return listen.starts_with('/'); });
  return out;
}

class Paths {
 public:
  explicit Paths(const images::Services& services) {
    for (const auto& [name, service] : services) {
      made_[name] = MadeBy(name, service);
    }
  }

  // Whether it will be there when `service` starts. What is in another's directory may come with
  // that one's start.
  bool IsThere(const std::string& path, const std::string& service) const {
    for (const auto& [name, paths] : made_) {
      for (const std::string& made : paths) {
        if (IsBelow(made, path) || (name != service && IsBelow(path, made))) {
          return true;
        }
      }
    }
    return base::StatIfThere(path).has_value();
  }

 private:
  std::map<std::string, std::vector<std::string>> made_;
};

std::string BindProblem(const images::Bind& bind, const std::string& name, const Paths& paths) {
  if (!paths.IsThere(bind.host, name)) {
    return fmt::format("binds {}, which is not on this host", bind.host);
  }
  if (bind.mounted && !IsMountPoint(bind.host)) {
    return fmt::format(
        "binds {} only where something is mounted there: mount it, or leave out \"mounted\"",
        bind.host);
  }
  return "";
}

// What a line names inside the image, where that is the host's. The service's own directories are
// made at its start.
std::string SeenOnHost(const units::PathNeed& need, const std::string& name,
                       const images::Service& service) {
  if (need.image.empty() || need.mounts) {
    return "";
  }
  const units::Origin origin = units::OriginOf(need.image, name, service);
  return origin.kind == units::Origin::Kind::kHost && !origin.is_root ? origin.host : "";
}

std::string NeedProblem(const units::PathNeed& need, const std::string& name,
                        const images::Service& service, const Paths& paths) {
  using Host = units::PathNeed::Host;
  if (need.optional) {
    return "";
  }
  if (!need.image.empty() && !need.mounts) {
    const units::Origin origin = units::OriginOf(need.image, name, service);
    if (origin.kind == units::Origin::Kind::kEmpty && !origin.is_root) {
      return fmt::format("has a line {}= that needs {}, which is empty at each start", need.option,
                         need.image);
    }
  }
  const std::string wanted = need.on_host == Host::kThere         ? need.host
                             : need.on_host == Host::kFolderThere ? base::ParentOf(need.host)
                                                                  : SeenOnHost(need, name, service);
  return wanted.empty() || paths.IsThere(wanted, name)
             ? ""
             : fmt::format("has a line {}= that needs {}, which is not on this host", need.option,
                           wanted);
}

// Of a directory that is to be in systemd's private folder, where only root gets.
std::string PrivateProblem(const units::ServiceDirectory& directory) {
  const std::string& path = directory.path;
  const std::string& inside = directory.private_path;
  const auto outer = base::LstatIfThere(path);
  const auto inner = base::LstatIfThere(inside);
  const std::string remedy =
      fmt::format("mount or move it to {}, or give the service a \"user\"", inside);
  const std::string folder_path = inside.substr(0, inside.find("/private/") + 8);
  const auto folder = base::LstatIfThere(folder_path);
  if (folder && !S_ISDIR(folder->st_mode)) {
    return fmt::format("{} is no directory: put one there", folder_path);
  }
  if (inner && !S_ISDIR(inner->st_mode)) {
    return fmt::format("{} is no directory: put one there", inside);
  }
  if (!outer) {
    return "";
  }
  if (S_ISLNK(outer->st_mode)) {
    // systemd takes its own link alone, which is a relative one.
    const std::string target = base::ReadLinkIfThere(path).value_or("");
    const auto leads_to = std::filesystem::path(base::ParentOf(path)) / target;
    return !target.starts_with('/') && leads_to.lexically_normal() == inside
               ? ""
               : fmt::format(
                     "{} is a link to {}, which systemd does not take for a dynamic user's "
                     "directory: {}",
                     path, target, remedy);
  }
  if (!S_ISDIR(outer->st_mode)) {
    return fmt::format("{} is no directory: remove it", path);
  }
  if (inner) {
    return fmt::format(
        "{} and {} are both there, and systemd wants the first to be a link to the second: "
        "remove one of the two",
        path, inside);
  }
  if (IsMountPoint(path)) {
    return fmt::format("{} is a mount point, which systemd cannot move for a dynamic user: {}",
                       path, remedy);
  }
  if (IsMountPoint(folder_path)) {
    return fmt::format("{} is not on the file system {}, so systemd cannot move it there: {}", path,
                       folder_path, remedy);
  }
  return "";
}

}  // namespace

std::string DirectoryProblem(const units::ServiceDirectory& directory) {
  const std::string& path = directory.path;
  if (!directory.private_path.empty()) {
    return PrivateProblem(directory);
  }
  const auto found = base::LstatIfThere(path);
  if (!found || S_ISDIR(found->st_mode)) {
    return "";
  }
  if (!S_ISLNK(found->st_mode)) {
    return fmt::format("{} is no directory: remove it", path);
  }
  if (directory.option == "ConfigurationDirectory") {
    return base::StatIfThere(path) ? "" : fmt::format("{} is a link that leads nowhere", path);
  }
  // A dynamic user's before: systemd moves it back.
  const std::string inside =
      fmt::format("{}/private/{}", base::ParentOf(path), base::BaseName(path));
  const auto target = base::StatIfThere(path);
  const auto inner = base::LstatIfThere(inside);
  const bool was_private = target && inner && S_ISDIR(inner->st_mode) &&
                           target->st_ino == inner->st_ino && target->st_dev == inner->st_dev;
  if (was_private && !IsMountPoint(inside)) {
    return "";
  }
  return was_private
             ? fmt::format("{} is a mount point, which systemd cannot move to {}: mount it there",
                           inside, path)
             : fmt::format(
                   "{} is a link to {}, which systemd does not follow: bind mount that directory "
                   "there",
                   path, base::ReadLinkIfThere(path).value_or(""));
}

std::vector<std::string> HostPathProblems(const images::Services& services) {
  const Paths paths(services);
  std::vector<std::string> out;
  for (const auto& [name, service] : services) {
    const auto add = [&out, &n = name](const std::string& problem) {
      if (!problem.empty()) {
        out.push_back(fmt::format("service {} {}", n, problem));
      }
    };
    for (const images::Bind& bind : service.binds) {
      add(BindProblem(bind, name, paths));
    }
    for (const units::PathNeed& need : units::PathNeedsOf(name, service)) {
      add(NeedProblem(need, name, service, paths));
    }
    for (const units::ServiceDirectory& directory : units::DirectoriesOf(name, service)) {
      const std::string problem = DirectoryProblem(directory);
      add(problem.empty() ? "" : fmt::format("cannot have its {}: {}", directory.option, problem));
    }
  }
  return out;
}

}  // namespace activator
