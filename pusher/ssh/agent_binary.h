// Finds, on this machine, the static programs `activate` and `fetch` that imgpush uploads to hosts.
#ifndef SLIPWAY_PUSHER_SSH_AGENT_BINARY_H_
#define SLIPWAY_PUSHER_SSH_AGENT_BINARY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"

namespace pusher {

struct AgentBinary {
  std::string path;
  uint64_t size_bytes = 0;
  base::Sha256 sha256;
  std::string architecture;  // as uname -m gives it; empty where the file does not tell
};

// One for each kind of machine, at least one. The first is what runs here.
using Agents = std::vector<AgentBinary>;

// $SLIPWAY_AGENT alone; otherwise `activate` beside this program or in ../libexec/slipway from
// there, and each activate-MACHINE in these places, which is for hosts of another kind. Throws
// Error{kFailed} that names the places where there is no `activate`.
Agents FindAgents();

// $SLIPWAY_FETCH alone; otherwise each fetch-MACHINE in those places, at least one: the program
// that reads stores on enrolled hosts. Throws as FindAgents.
Agents FindFetchers();

// As hosts name it, by its architecture or kAnyMachine; the first where they name none. Null where
// there is none of that name.
inline constexpr std::string_view kAnyMachine = "any";
const AgentBinary* AgentNamed(const Agents& agents, std::string_view name);

// What starts `activate` on this machine: its name where that is ours, else its path beside this
// program.
std::string ActivateProgram();

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_AGENT_BINARY_H_
