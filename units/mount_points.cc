#include "units/mount_points.h"
namespace units {
std::vector<MountPoint> MountPointsOf(const images::Services& services) {
  std::vector<MountPoint> out = {{"/dev"}, {"/etc"}, {"/etc/machine-id", false}, {"/etc/resolv.conf", false}, {"/proc"}, {"/run"}, {"/sys"}, {"/tmp"}, {"/var/tmp"}};
  for (const auto& [name, s] : services) { (void)s; out.push_back({"/var/lib/" + name}); }
  return out;
}
}
