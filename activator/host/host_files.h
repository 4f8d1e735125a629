// Keeps copies of the host's files that services see (units/host_files.h): /etc/resolv.conf and
// /etc/hosts. A path unit of ours renews them whenever the host's change, so that no process of
// ours has to wait for that.
#ifndef SLIPWAY_ACTIVATOR_HOST_HOST_FILES_H_
#define SLIPWAY_ACTIVATOR_HOST_HOST_FILES_H_

#include <string>

#include "activator/host/host.h"
#include "units/host_files.h"

namespace activator {

// Copies the files of `etc`, each in place and only where it differs, and makes the link to the
// certificates. A file that is not there leaves its copy as it was, or empty.
void CopyHostFiles(const std::string& etc = "/etc", const std::string& folder = units::kHostFiles);

// Copies them, and has systemd do so again whenever they change. Throws.
void FollowHostFiles(const Host& host, const std::string& folder = units::kHostFiles);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_HOST_FILES_H_
