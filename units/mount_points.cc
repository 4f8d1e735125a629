#include "units/mount_points.h"

#include <map>

namespace units {
namespace {

bool LooksLikeDirectory(const std::string& path) {
  return path.ends_with('/') ||
         path.substr(path.find_last_of('/') + 1).find('.') == std::string::npos;
}

std::string WithoutSlashAtEnd(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

}  // namespace

std::vector<MountPoint> MountPointsOf(const images::Services& services) {
  std::map<std::string, bool> found = {{"/dev", true},
                                       {"/etc", true},
                                       {"/etc/machine-id", false},
                                       {"/etc/resolv.conf", false},
                                       {"/proc", true},
                                       {"/run", true},
                                       {"/sys", true},
                                       {"/tmp", true},
                                       {"/var/tmp", true}};
  for (const auto& [name, service] : services) {
    // With RootImage= systemd binds /var/lib/private/NAME of the host at /var/lib/NAME itself, so
    // the image needs no private directories. RuntimeDirectory= is made in the tmpfs on /run.
    if (service.state) {
      found.emplace("/var/lib/" + name, true);
    }
    if (service.logs) {
      found.emplace("/var/log/" + name, true);
    }
    if (service.cache) {
      found.emplace("/var/cache/" + name, true);
    }
    if (service.user) {
      found.emplace("/etc/passwd", false);
      found.emplace("/etc/group", false);
    }
    for (const images::Bind& bind : service.binds) {
      found.emplace(WithoutSlashAtEnd(bind.image), LooksLikeDirectory(bind.image));
    }
  }
  std::vector<MountPoint> out;
  out.reserve(found.size());
  for (const auto& [path, is_directory] : found) {
    out.push_back({path, is_directory});
  }
  return out;
}

}  // namespace units
