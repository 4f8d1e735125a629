// The paths that the lines of a service's unit name: on the host, and in its image. From the
// service's fields and from its directives, whose words are read as systemd reads them. A word that
// only the host can complete (%H, $VARIABLE) is left out.
#ifndef SLIPWAY_UNITS_UNIT_PATHS_H_
#define SLIPWAY_UNITS_UNIT_PATHS_H_

#include <string>
#include <vector>

#include "images/service/service.h"

namespace units {

// What must be there when the service starts, or the start fails.
struct PathNeed {
  enum class Host {
    kNothing,
    kThere,
    kFolderThere,  // the file is made; the folder that it goes to must be there
  };

  std::string option;  // "BindPaths"
  std::string host;    // on the host; what of it, `on_host` says
  std::string image;   // in the image, as a process of the service sees it; empty: nothing
  Host on_host = Host::kNothing;
  bool mounts = false;    // something is mounted at `image`
  bool optional = false;  // systemd goes on where it is missing
};

std::vector<PathNeed> PathNeedsOf(const std::string& name, const images::Service& service);

// What systemd makes on the host for a service, and shows it at the same path.
struct ServiceDirectory {
  std::string option;        // "StateDirectory"
  std::string path;          // "/var/lib/web"
  std::string private_path;  // "/var/lib/private/web", where that is what `path` leads to; or empty
};

// Throws Error{kFailed} for a link beside such a directory ("web:link"), which a read-only image
// cannot get.
std::vector<ServiceDirectory> DirectoriesOf(const std::string& name,
                                            const images::Service& service);

// Where what stands at a path comes from, for a process of the service.
struct Origin {
  enum class Kind {
    kImage,
    kHost,   // a bind or a directory of the service: `host`, as it is there
    kEmpty,  // below a file system that is made empty at each start; systemd makes mount points
    kKernel  // /dev, /proc, /sys
  };
  Kind kind = Kind::kImage;
  std::string host;
  bool is_root = false;  // of that file system or directory itself
};
Origin OriginOf(const std::string& path, const std::string& name, const images::Service& service);

// Why a process of the service does not find what the image has at this path: the option, such as
// "PrivateTmp=yes", or words; empty where it finds it.
std::string WhyHidden(const std::string& path, const std::string& name,
                      const images::Service& service);

// Whether systemd makes the mount point itself, because what it is in can be written.
bool IsMadeAtStart(const std::string& mount_point, const std::string& name,
                   const images::Service& service);

struct UnitProgram {
  std::string option;   // "ExecReload"
  std::string program;  // absolute path, or a name that systemd looks for
};

// Those of the lines Exec*= of directives whose absence makes a start fail.
std::vector<UnitProgram> DirectivePrograms(const std::string& name, const images::Service& service);

}  // namespace units

#endif  // SLIPWAY_UNITS_UNIT_PATHS_H_
