// What a client may ask of `activate gate`: the text that sshd puts into SSH_ORIGINAL_COMMAND, one
// of a few forms to the letter. No shell and no option parser ever sees it.
#ifndef SLIPWAY_ACTIVATOR_GATE_GATE_COMMAND_H_
#define SLIPWAY_ACTIVATOR_GATE_GATE_COMMAND_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace activator {

enum class GateTask { kReceive, kActivate, kRollback, kReport };

struct GateCommand {
  GateTask task = GateTask::kReceive;
  uint64_t protocol = 0;                      // the highest that the client speaks
  uint64_t generation = 0;                    // of kActivate
  std::string application;                    // of kRollback
  std::string activation_id;                  // of both
  std::optional<uint64_t> lock_wait_seconds;  // of both
  std::vector<std::string> report;            // {"status"} or {"list"}, and options
  bool operator==(const GateCommand&) const = default;
};

// Throws Error{kUsage} for everything but
//   slipway-gate N receive
//   slipway-gate N activate GENERATION ID [SECONDS]
//   slipway-gate N rollback APPLICATION ID [SECONDS]
//   slipway-gate N report ["status","--json"]     also --check, and ["list"], with --json
GateCommand ParseGateCommand(const std::string& text);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_GATE_GATE_COMMAND_H_
