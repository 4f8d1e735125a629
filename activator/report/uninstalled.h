// What `activate uninstall` did or would do, for people and as JSON.
#ifndef SLIPWAY_ACTIVATOR_REPORT_UNINSTALLED_H_
#define SLIPWAY_ACTIVATOR_REPORT_UNINSTALLED_H_

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "images/version/host_layout.h"

namespace activator {

struct Uninstalled {
  std::vector<std::string> stopped;   // applications, before it
  std::vector<std::string> units;     // ours, with the boot unit
  std::vector<std::string> versions;  // paths
  // Directories of services (StateDirectory= and so on), drop-ins of our units, and what an
  // operator put into the root.
  std::vector<std::string> kept;
  std::vector<std::string> notes;      // what is left to do by hand, for people
  std::optional<base::Error> refusal;  // of a plan: why the command itself would be refused
};

std::string UninstalledText(const images::HostLayout& layout, const Uninstalled& uninstalled,
                            bool dry_run);
std::string UninstalledJson(const images::HostLayout& layout, const Uninstalled& uninstalled,
                            bool dry_run);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_UNINSTALLED_H_
