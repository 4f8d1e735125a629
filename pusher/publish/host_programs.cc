#include "pusher/publish/host_programs.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "images/channel/object_key.h"
#include "pusher/protocol/fetch_link.h"

namespace pusher {
namespace {

constexpr const char* kAgentName = "activate";
constexpr const char* kFetchName = "fetch";

images::Programs ProgramsOf(const Agents& binaries) {
  images::Programs out;
  for (const AgentBinary& binary : binaries) {
    if (binary.architecture.empty()) {
      base::Fail(base::ExitCode::kFailed,
                 "{} is a program for no machine that Slipway knows: a channel cannot name it",
                 binary.path);
    }
    if (binary.size_bytes > kMaxFetchedBytes) {
      base::Fail(base::ExitCode::kFailed, "{} has {} bytes, and hosts fetch programs of at most {}",
                 binary.path, binary.size_bytes, kMaxFetchedBytes);
    }
    out[binary.architecture] = {binary.sha256, binary.size_bytes};
  }
  return out;
}

void CheckHasBoth(const std::string& name, const images::Programs& programs,
                  const std::string& other_name, const images::Programs& others) {
  for (const auto& [architecture, program] : programs) {
    if (!others.contains(architecture)) {
      base::Fail(base::ExitCode::kFailed,
                 "imgpush has {} for {}, and no {} for it: install all of Slipway, or set both "
                 "SLIPWAY_AGENT and SLIPWAY_FETCH",
                 name, architecture, other_name);
    }
  }
}

FileUpload UploadOf(const std::string& name, std::string key, const AgentBinary& binary) {
  return {std::move(key),
          binary.path,
          binary.size_bytes,
          binary.sha256,
          fmt::format("{} for {}", name, binary.architecture),
          "has changed meanwhile: type the command again"};
}

}  // namespace

HostPrograms HostProgramsOf(const Agents& agents, const Agents& fetchers) {
  HostPrograms out;
  out.agent = ProgramsOf(agents);
  out.fetch = ProgramsOf(fetchers);
  CheckHasBoth(kAgentName, out.agent, kFetchName, out.fetch);
  CheckHasBoth(kFetchName, out.fetch, kAgentName, out.agent);
  for (const AgentBinary& agent : agents) {
    out.files.push_back(UploadOf(kAgentName, images::AgentKey(agent.sha256), agent));
  }
  for (const AgentBinary& fetcher : fetchers) {
    out.files.push_back(UploadOf(kFetchName, images::FetchKey(fetcher.sha256), fetcher));
  }
  return out;
}

HostPrograms FindHostPrograms() { return HostProgramsOf(FindAgents(), FindFetchers()); }

}  // namespace pusher
