#include "activator/host/unit_directory.h"

#include <sys/statvfs.h>

#include <cerrno>

#include "base/file.h"

namespace activator {
namespace {

// Of the mount, too. What is not there yet would be made in the directory above it.
bool IsReadOnly(const std::string& path) {
  struct statvfs found {};
  if (::statvfs(path.c_str(), &found) == 0) {
    return (found.f_flag & ST_RDONLY) != 0;
  }
  return errno == ENOENT && path != "/" && IsReadOnly(base::ParentOf(path));
}

}  // namespace

UnitDirectory FindUnitDirectory(const std::string& configured) {
  const bool is_link = base::ReadLinkIfThere(configured).has_value();
  return {is_link || IsReadOnly(configured) ? "/run/systemd/system" : configured, configured};
}

}  // namespace activator
