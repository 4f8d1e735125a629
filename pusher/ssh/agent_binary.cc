#include "pusher/ssh/agent_binary.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/machine.h"

namespace pusher {
namespace {

AgentBinary AgentAt(const std::string& path) {
  AgentBinary out;
  out.path = path;
  out.size_bytes = base::FileSize(path);
  out.sha256 = base::Sha256OfFile(path);
  const base::Machine* machine = base::MachineOfProgram(
      base::PRead(base::OpenForReading(path).get(), 0, base::kElfHeadBytes, path));
  out.architecture = machine == nullptr ? "" : machine->name;
  return out;
}

// Beside this program, as in a build and where it is installed.
std::vector<std::string> Places() {
  const std::string here = base::ParentOf(base::RealPath("/proc/self/exe"));
  return {here, base::ParentOf(here) + "/libexec/slipway"};
}

std::optional<std::string> FindPath(const std::string& name) {
  for (const std::string& place : Places()) {
    if (base::Exists(place + "/" + name)) {
      return place + "/" + name;
    }
  }
  return std::nullopt;
}

// What the variable names, if it is set.
std::optional<Agents> ChosenBy(const char* variable) {
  const char* chosen = std::getenv(variable);
  if (chosen == nullptr || *chosen == '\0') {
    return std::nullopt;
  }
  if (!base::Exists(chosen)) {
    base::Fail(base::ExitCode::kUsage, "{} names {}, where no file is", variable, chosen);
  }
  return Agents{AgentAt(chosen)};
}

// Adds each NAME-MACHINE that is there, but not a second one for a machine.
void AddOthers(const std::string& name, Agents& out) {
  for (const base::Machine& machine : base::Machines()) {
    const std::optional<std::string> path = FindPath(fmt::format("{}-{}", name, machine.name));
    if (path && std::ranges::find(out, machine.name, &AgentBinary::architecture) == out.end()) {
      out.push_back(AgentAt(*path));
    }
  }
}

}  // namespace

Agents FindAgents() {
  if (std::optional<Agents> chosen = ChosenBy("SLIPWAY_AGENT")) {
    return *std::move(chosen);
  }
  const std::optional<std::string> own = FindPath("activate");
  if (!own) {
    base::Fail(base::ExitCode::kFailed,
               "the agent for hosts, activate, is in neither {}; set SLIPWAY_AGENT to its path",
               fmt::join(Places(), " nor "));
  }
  Agents out = {AgentAt(*own)};
  AddOthers("activate", out);
  return out;
}

Agents FindFetchers() {
  if (std::optional<Agents> chosen = ChosenBy("SLIPWAY_FETCH")) {
    return *std::move(chosen);
  }
  Agents out;
  AddOthers("fetch", out);
  if (out.empty()) {
    base::Fail(base::ExitCode::kFailed,
               "the program that hosts pull with, fetch-MACHINE, is in neither {}: install all of "
               "Slipway, or set SLIPWAY_FETCH to its path",
               fmt::join(Places(), " nor "));
  }
  return out;
}

const AgentBinary* AgentNamed(const Agents& agents, std::string_view name) {
  const auto found = std::ranges::find_if(agents, [&](const AgentBinary& agent) {
    return name == (agent.architecture.empty() ? kAnyMachine : agent.architecture);
  });
  return found != agents.end() ? &*found : name.empty() ? &agents.front() : nullptr;
}

// Others call programs so, too: Python's virtual environments do.
std::string ActivateProgram() {
  std::string name = "activate";
  std::string ours = base::ParentOf(base::RealPath("/proc/self/exe")) + "/" + name;
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
