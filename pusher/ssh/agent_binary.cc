#include "pusher/ssh/agent_binary.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/machine.h"

namespace pusher {
namespace {

// ELF, System V ABI: e_ident with the class, e_type, e_machine. Every agent is little-endian.
std::string ArchitectureOf(const std::string& path) {
  constexpr size_t kClassAt = 4;
  constexpr size_t kMachineAt = 18;
  const std::vector<uint8_t> head =
      base::PRead(base::OpenForReading(path).get(), 0, kMachineAt + 2, path);
  if (head.size() < kMachineAt + 2 || base::AsText(head).substr(0, 4) !=
                                          "\x7f"
                                          "ELF") {
    return "";
  }
  const base::Machine* machine = base::MachineOfElf(
      static_cast<uint16_t>(head[kMachineAt] | head[kMachineAt + 1] << 8U), head[kClassAt]);
  return machine == nullptr ? "" : machine->name;
}

std::string FindPath() {
  if (const char* chosen = std::getenv("SLIPWAY_AGENT"); chosen != nullptr && *chosen != '\0') {
    if (!base::Exists(chosen)) {
      base::Fail(base::ExitCode::kUsage, "SLIPWAY_AGENT names {}, where no file is", chosen);
    }
    return chosen;
  }
  const std::string here = base::ParentOf(base::RealPath("/proc/self/exe"));
  const std::vector<std::string> places = {here + "/activate",
                                           base::ParentOf(here) + "/libexec/slipway/activate"};
  for (const std::string& place : places) {
    if (base::Exists(place)) {
      return place;
    }
  }
  base::Fail(base::ExitCode::kFailed,
             "the agent for hosts, activate, is neither {} nor {}; set SLIPWAY_AGENT to its path",
             places[0], places[1]);
}

}  // namespace

AgentBinary FindAgent() {
  AgentBinary agent;
  agent.path = FindPath();
  agent.size_bytes = base::FileSize(agent.path);
  agent.sha256 = base::Sha256OfFile(agent.path);
  agent.architecture = ArchitectureOf(agent.path);
  return agent;
}

// Others call programs so, too: Python's virtual environments do.
std::string ActivateProgram() {
  const std::string name = "activate";
  const std::string ours = base::ParentOf(base::RealPath("/proc/self/exe")) + "/" + name;
  if (!base::Exists(ours)) {
    return name;
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string first = folder + "/" + name;
    if (::access(first.c_str(), X_OK) == 0) {
      return base::RealPath(first) == base::RealPath(ours) ? name : ours;
    }
  }
  return ours;
}

}  // namespace pusher
