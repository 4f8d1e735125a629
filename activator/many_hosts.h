// `activate --host`: the hosts that it names, and one or several of them at once.
#ifndef SLIPWAY_ACTIVATOR_MANY_HOSTS_H_
#define SLIPWAY_ACTIVATOR_MANY_HOSTS_H_

#include <chrono>
#include <string>
#include <vector>

#include "activator/command_line.h"
#include "base/io.h"

namespace activator {

// Runs `arguments` (which `line` was parsed from) on each host of line.host. One host: what it
// prints and its exit code are ours. Several, by a comma or a group: as many at once as line.jobs
// says, one report of all (host_table.h), the worst exit code; one that fails does not stop the
// others. `patience`: for a lost connection (remote.h). Throws Error{kUsage} for a host or a group
// that there is not, and for a command that is for one host at a time.
int RunOnHosts(const CommandLine& line, const std::vector<std::string>& arguments,
               const base::Io& io, std::chrono::milliseconds patience = std::chrono::minutes(5));

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_MANY_HOSTS_H_
