#include "units/mount_points.h"

#include <map>

#include "units/host_files.h"
#include "units/unit_paths.h"

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

void Add(const std::string& path, bool is_directory, std::map<std::string, MountPoint>& found) {
  found.emplace(path, MountPoint{path, is_directory});
}

// A folder to work in that comes from elsewhere is looked for on the host, by the activator.
void AddFromDirectives(const std::string& name, const images::Service& service,
                       std::map<std::string, MountPoint>& found) {
  for (const ServiceDirectory& directory : DirectoriesOf(name, service)) {
    if (!IsMadeAtStart(directory.path, name, service)) {
      Add(directory.path, true, found);
    }
  }
  for (const PathNeed& need : PathNeedsOf(name, service)) {
    const std::string path = WithoutSlashAtEnd(need.image);
    if (need.image.empty() || (need.optional && !need.mounts)) {
      continue;
    }
    const bool in_image = need.mounts ? !IsMadeAtStart(path, name, service)
                                      : OriginOf(path, name, service).kind == Origin::Kind::kImage;
    const bool is_folder = need.option == "WorkingDirectory" ||
                           need.option == "TemporaryFileSystem" || need.option == "MountImages";
    if (in_image) {
      found.emplace(path, MountPoint{path, is_folder || LooksLikeDirectory(need.image),
                                     !need.mounts && !is_folder});
    }
  }
}

}  // namespace

std::vector<MountPoint> MountPointsOf(const images::Services& services) {
  std::map<std::string, MountPoint> found;
  for (const char* directory : {"/dev", "/etc", "/proc", "/run", "/sys", "/tmp", "/var/tmp"}) {
    Add(directory, true, found);
  }
  Add("/etc/machine-id", false, found);
  Add("/etc/resolv.conf", false, found);
  for (const auto& [name, service] : services) {
    // With RootImage= systemd binds /var/lib/private/NAME of the host at /var/lib/NAME itself, so
    // the image needs no private directories. RuntimeDirectory= is made in the tmpfs on /run.
    if (service.state) {
      Add("/var/lib/" + name, true, found);
    }
    if (service.logs) {
      Add("/var/log/" + name, true, found);
    }
    if (service.cache) {
      Add("/var/cache/" + name, true, found);
    }
    if (service.user) {
      Add("/etc/passwd", false, found);
      Add("/etc/group", false, found);
    }
    if (service.host_files.certificates.value_or(false)) {
      Add(kCertificatesInImage, false, found);
    }
    if (service.host_files.hosts) {
      Add("/etc/hosts", false, found);
    }
    if (service.host_files.time_zone) {
      Add("/etc/localtime", false, found);
    }
    for (const images::Bind& bind : service.binds) {
      Add(WithoutSlashAtEnd(bind.image), LooksLikeDirectory(bind.image), found);
    }
    AddFromDirectives(name, service, found);
  }
  std::vector<MountPoint> out;
  out.reserve(found.size());
  for (const auto& [path, point] : found) {
    out.push_back(point);
  }
  return out;
}

}  // namespace units
