// Where a host is: a destination of ssh, or dir:PATH for a folder.
#ifndef SLIPWAY_HOSTS_DESTINATION_H_
#define SLIPWAY_HOSTS_DESTINATION_H_

#include <string>

namespace hosts {

// Throws Error{kUsage} unless `host` can be given to ssh, where it can be no option, or is
// dir:PATH.
void CheckHost(const std::string& host);
// The path of a host dir:PATH, absolute; empty for any other host.
std::string FolderOf(const std::string& host);

}  // namespace hosts

#endif  // SLIPWAY_HOSTS_DESTINATION_H_
