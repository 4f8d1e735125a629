// The agents that pushes stored on a host, in ROOT/bin or in the directory of --agent-dir, which
// several roots may share.
#ifndef SLIPWAY_ACTIVATOR_PRUNE_AGENTS_H_
#define SLIPWAY_ACTIVATOR_PRUNE_AGENTS_H_

#include <string>
#include <vector>

#include "base/io.h"
#include "images/version/host_layout.h"

namespace activator {

// Paths of agents that no root's bin/activate leads to and that no push used for 30 days, sorted.
// Empty where it is not known which one this root needs.
std::vector<std::string> UnusedAgents(const images::HostLayout& layout);

// For imgpush's program on a host: prints this program's SHA-256, in hexadecimal, and marks it as
// used now. Returns the exit code.
int SayOwnDigest(const base::Io& io);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PRUNE_AGENTS_H_
