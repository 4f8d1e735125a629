// Keeps copies of the host's files that services see (units/host_files.h): /etc/resolv.conf and
// /etc/hosts. A small service of ours renews them whenever the host's change. (A path unit of
// systemd's loses changes: it looks away while it runs what it starts, and whenever anything else
// happens in the folder.)
#ifndef SLIPWAY_ACTIVATOR_HOST_HOST_FILES_H_
#define SLIPWAY_ACTIVATOR_HOST_HOST_FILES_H_

#include <chrono>
#include <string>

#include "activator/host/host.h"
#include "base/unique_fd.h"
#include "units/host_files.h"

namespace activator {

// Copies the files of `etc`, each in place and only where it differs, and makes the link to the
// certificates. A file that is not there leaves its copy as it was, or empty.
void CopyHostFiles(const std::string& etc = "/etc", const std::string& folder = units::kHostFiles);

// Watches for changes, then copies: nothing that happens afterwards is missed.
class HostFilesWatch {
 public:
  explicit HostFilesWatch(const std::string& etc = "/etc",
                          const std::string& folder = units::kHostFiles);
  // Returns when something may have changed since, at the latest after `limit`, or earlier for a
  // signal. The next watch copies it.
  void Await(std::chrono::milliseconds limit);

 private:
  base::UniqueFd inotify_;
};

// Keeps the copies up to date until it is interrupted, then throws.
[[noreturn]] void KeepHostFiles();

// Copies them, and starts the service that does so again. Where that fails, it says so:
// services run without it.
void FollowHostFiles(const Host& host, const std::string& folder = units::kHostFiles);

// Undoes that, for a host that nothing of ours is left on.
void StopFollowingHostFiles(const Host& host, const std::string& folder = units::kHostFiles);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_HOST_FILES_H_
