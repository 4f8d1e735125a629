// The TCP ports that are listened at in this process's network.
#ifndef SLIPWAY_BUILDER_TRIAL_LISTENING_H_
#define SLIPWAY_BUILDER_TRIAL_LISTENING_H_

#include <set>
#include <string>
#include <utility>

namespace builder {

// Port, and address; empty: every address.
using ListeningPorts = std::set<std::pair<uint64_t, std::string>>;

// Those of the network of process `process` ("self", "812"). What cannot be read is passed over.
ListeningPorts ReadListening(const std::string& process);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_LISTENING_H_
